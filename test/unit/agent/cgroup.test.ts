import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInContainer, parseStat } from '../../../agent/target/cgroup.ts';

const id = '3f1ab0c9d2e4f5061728394a5b6c7d8e9f00112233445566778899aabbccddee';
const pod = 'pod2b6a4a2e_7f0b_4f0e_9a43_0c3c4f1f2d11';

const samples: Readonly<Record<string, string>> = {
  'v1, cgroupfs driver': [
    `12:pids:/kubepods/burstable/${pod}/${id}`,
    `4:cpu,cpuacct:/kubepods/burstable/${pod}/${id}`,
    '1:name=systemd:/',
    '',
  ].join('\n'),
  'v1, below a root of its own': `3:memory:/kube-n1/kubepods/besteffort/${pod}/${id}\n`,
  'v1, a named hierarchy only': `11:freezer:/\n1:name=systemd:/kubepods.slice/kubepods-${pod}.slice/cri-containerd-${id}.scope\n`,
  'v2, containerd, systemd driver': `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-${pod}.slice/cri-containerd-${id}.scope\n`,
  'v2, CRI-O': `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-${pod}.slice/crio-${id}.scope\n`,
  'v2, CRI-O, a group below': `0::/kubepods.slice/kubepods-${pod}.slice/crio-${id}.scope/container\n`,
  'v2, docker': `0::/system.slice/docker-${id}.scope\n`,
  'v1, docker': `9:devices:/docker/${id}\n`,
  'v2, podman': `0::/machine.slice/libpod-${id}.scope/container\n`,
  "v1, systemd's path with the cgroupfs driver": `5:cpuset:/system.slice/containerd.service/kubepods-burstable-${pod}.slice:cri-containerd:${id}\n`,
  'v2, kind: a node in a container': `0::/docker/${'c'.repeat(64)}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-${pod}.slice/cri-containerd-${id}.scope\n`,
  'v2, seen from another cgroup namespace': `0::/../../kubepods-burstable-${pod}.slice/cri-containerd-${id}.scope\n`,
  'v2, seen from a sibling container': `0::/../${id}\n`,
  'v2, systemd inside the container': `0::/kubepods.slice/kubepods-${pod}.slice/cri-containerd-${id}.scope/init.scope\n`,
};

for (const [form, cgroup] of Object.entries(samples)) {
  test(`a container is found in the form: ${form}`, () => {
    assert.equal(isInContainer(cgroup, id), true);
    assert.equal(isInContainer(cgroup, id.replace('3f1a', '3f1b')), false);
  });
}

test("CRI-O's conmon, which watches the container, is not the container", () => {
  const cgroup = `0::/kubepods.slice/kubepods-${pod}.slice/crio-conmon-${id}.scope\n`;
  assert.equal(isInContainer(cgroup, id), false);
});

test('a process of the node is in no container', () => {
  assert.equal(isInContainer('0::/system.slice/containerd.service\n', id), false);
  assert.equal(isInContainer('', id), false);
});

test('an id that another name only contains is not the container', () => {
  assert.equal(isInContainer(`0::/kubepods/x${id}\n`, id), false);
  assert.equal(isInContainer(`0::/kubepods/${id}0\n`, id), false);
});

test('the start of a process whose name has spaces and parentheses is read', () => {
  const fields = ['S', ...Array.from({ length: 18 }, () => '0'), '8675309', '0', '0'];
  assert.deepEqual(parseStat(`42 (a) b (c) ${fields.join(' ')}\n`), { state: 'S', startTicks: 8675309n });
});
