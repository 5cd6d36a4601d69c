// The settings that mirrord 3.250 has and this version does not, so that a file written for mirrord gets
// "not supported" and a typing mistake gets "did you mean". A name stands for all that is below it.

export const otherKeys: ReadonlySet<string> = new Set(
  `
  skip_build_tools skip_extra_build_tools multi_cluster profile use_proxy sip_binaries skip_sip
  traceparent baggage startup_retry ci internal_proxy external_proxy container experimental
  feature.magic feature.split_queues feature.db_branches feature.preview
  feature.network.ipv6
  feature.network.incoming.tls_delivery feature.network.incoming.https_delivery
  feature.network.incoming.http_filter.header_filter_jq feature.network.incoming.http_header_filter
  agent.ttl agent.communication_timeout agent.disabled_capabilities
  agent.check_out_of_pods agent.external_ip_fix agent.nftables agent.dns agent.node_selector agent.metrics
  agent.exclude_from_mesh agent.disable_mesh_sidecar_injection agent.inject_headers
  agent.override_cache_control
  agent.security_context agent.clean_iptables_on_start agent.jaq_time_limit
`
    .trim()
    .split(/\s+/),
);
