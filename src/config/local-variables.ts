// The environment variables that never come from the pod: they describe the container's own tools and
// folders, and would change how the developer's node, npm, loader or shell works.

import { wildcards } from './wildcards.ts';

/** mirrord's own list (layer and agent of 3.250). */
const ofMirrord = `
  PATH HOME HOMEPATH PWD CLASSPATH CATALINA_HOME JAVA_EXE JAVA_HOME JAVA_TOOL_OPTIONS _JAVA_OPTIONS PYTHONPATH
  GOPATH GOMODCACHE RUBYLIB RUBYOPT GEM_HOME GEM_PATH RUST_LOG MIRRORD_LOG DOTNET_EnableDiagnostics
  DOTNET_STARTUP_HOOKS BUNDLER_VERSION BUNDLE_APP_CONFIG BUNDLE_BIN_PATH BUNDLE_FORCE_RUBY_PLATFORM BUNDLE_GEMFILE
  BUNDLE_GEM_PATH BUNDLE_PATH BUNDLE_WITHOUT BUNDLER_ORIG_BUNDLER_ORIG_MANPATH BUNDLER_ORIG_BUNDLER_VERSION
  BUNDLER_ORIG_BUNDLE_BIN_PATH BUNDLER_ORIG_BUNDLE_GEMFILE BUNDLER_ORIG_GEM_HOME BUNDLER_ORIG_MANPATH
  BUNDLER_ORIG_PATH BUNDLER_ORIG_RB_USER_INSTALL BUNDLER_ORIG_RUBYLIB BUNDLER_ORIG_RUBYOPT
`;

/** What keeps a local Node from starting, or makes it work otherwise (node(1), "Environment variables"). */
const ofNode = `
  NODE_OPTIONS NODE_PATH NODE_ICU_DATA NODE_V8_COVERAGE NODE_COMPILE_CACHE NODE_REDIRECT_WARNINGS
  NODE_REPL_HISTORY NODE_REPL_EXTERNAL_MODULE NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE NODE_UNIQUE_ID
  NODE_TEST_CONTEXT npm_* INIT_CWD COREPACK_HOME OPENSSL_CONF OPENSSL_MODULES
`;

/** What belongs to the container's loader, shell and user. HOSTNAME is not one of them. */
const ofTheSystem = `
  LD_* GCONV_PATH LOCPATH GLIBC_TUNABLES TMPDIR TMP TEMP TERM COLORTERM COLUMNS LINES SHELL BASH_ENV BASH_FUNC_*
  USER LOGNAME OLDPWD SHLVL _ PYTHONHOME PYTHONSTARTUP PERL5LIB PERL5OPT
`;

/** A pod that runs under a mirrord of its own must not configure ours. */
const ofOurs = 'MIRRORD_*';

/** Whether a variable of the pod stays there, whatever `include` says. */
export const isLocalVariable = wildcards(`${ofMirrord} ${ofNode} ${ofTheSystem} ${ofOurs}`.trim().split(/\s+/));
