// The entry points of Node's fs binding that stay Node's own, each with the reason. Together with those that we
// replace they are all that Node 20, 22, 24 and 26 have: a test fails at a name that is neither.

const isModuleLoading = 'loads modules, which are of this machine';
const isOwnDescriptor = 'writes to a FileHandle as a stream, which nothing in Node does';
const isPart = 'a class or a field that the calls use, and no call';

/** By name, or by class and name. */
export const passedOn: Readonly<Record<string, string>> = {
  internalModuleReadJSON: isModuleLoading,
  legacyMainResolve: isModuleLoading,
  getFormatOfExtensionlessFile: isModuleLoading,

  FSReqCallback: isPart,
  FileHandle: isPart,
  StatWatcher: isPart,
  ReadFileJob: 'its run is replaced, since Node took the class before we come',
  WriteFileJob: isPart,
  'FSReqCallback.constructor': isPart,
  'FSReqCallback.cancel': 'ends the wait for a call; ours are answered all the same',
  'FileHandle.constructor': isPart,
  'FileHandle.fd': isPart,
  'FileHandle.onread': isPart,
  'FileHandle.isStreamBase': isPart,
  'FileHandle._externalStream': isPart,
  'FileHandle.bytesRead': isPart,
  'FileHandle.bytesWritten': isPart,
  'FileHandle.useUserBuffer': 'a way of reading that FileHandle streams do not take',
  'FileHandle.shutdown': isOwnDescriptor,
  'FileHandle.writev': isOwnDescriptor,
  'FileHandle.writeBuffer': isOwnDescriptor,
  'FileHandle.writeAsciiString': isOwnDescriptor,
  'FileHandle.writeUtf8String': isOwnDescriptor,
  'FileHandle.writeUcs2String': isOwnDescriptor,
  'FileHandle.writeLatin1String': isOwnDescriptor,
  'StatWatcher.constructor': isPart,
  'ReadFileJob.constructor': isPart,
  'WriteFileJob.constructor': isPart,
  'WriteFileJob.run': 'writing for the pod is led to open and write (write-whole.ts)',
  'CpDirJob.constructor': isPart,
  'CpDirJob.run': 'the class is replaced (copy-tree.ts)',
};
