// Which requests a session wants, as it crosses the wire and as the agent applies it. The keys of
// `feature.network.incoming.http_filter` come down to this.

/** A condition on a request. Patterns are regular expressions without regard to case, see docs/incoming.md. */
export type HttpFilter =
  /** A header line, `Name: value`, matches. */
  | { readonly kind: 'header'; readonly pattern: string }
  /** The path matches, with or without its query. */
  | { readonly kind: 'path'; readonly pattern: string }
  /** The method, without regard to case. */
  | { readonly kind: 'method'; readonly method: string }
  /** Some value that a JSONPath (RFC 9535) finds in the body matches; what is no text is compared as JSON. */
  | { readonly kind: 'body'; readonly query: string; readonly pattern: string }
  | { readonly kind: 'all' | 'any'; readonly of: readonly HttpFilter[] };

export type ClaimMode = 'steal' | 'mirror';
/** What becomes of a second session that wants everything that comes to a port. */
export type OnConcurrentSteal = 'abort' | 'continue' | 'override';
