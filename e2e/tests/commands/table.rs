//! How each block of commands in the documentation is run.

/// A block of commands.
pub struct Entry {
    /// The page, and the first line of the block.
    pub page: &'static str,
    pub first: &'static str,
    pub how: How,
}

/// How a block is run: with `bash -eu`, in a new folder, with the built command `waxseal` and a
/// `SESSION_SECRET`.
pub enum How {
    /// It ends with success.
    Runs(Run),
    /// It starts a server, which prints its address. The folder is that of the repository.
    Serves { before: &'static str },
    /// It sends requests to the program of the quick start, whose address is replaced. Each comment
    /// is the output of its command.
    Requests,
    /// It is not run, for this reason.
    NotRun(&'static str),
}

/// A block that ends.
pub struct Run {
    /// Commands before the block.
    pub before: &'static str,
    /// Texts of the block, and what takes their place.
    pub replace: &'static [(&'static str, &'static str)],
    /// Commands after the block.
    pub after: &'static str,
    /// What the output contains, in order.
    pub prints: &'static [&'static str],
}

use How::{NotRun, Requests, Runs, Serves};

const EXPORTED: &str = "stat --format %a keys.json; cat keys.json";

const EDGE: &str = "scripts/edge runs these commands: they need the network and minutes";

pub const TABLE: &[Entry] = &[
    Entry {
        page: "README.md",
        first: "cargo run --example login",
        how: NotRun("scripts/test runs this test, and example.rs runs the example"),
    },
    Entry {
        page: "README.md",
        first: "cargo add waxseal axum serde tower-http --features serde/derive,tower-http/csrf",
        how: Runs(Run {
            // scripts/packages builds the program of the README with these dependencies.
            before: "cargo() { echo cargo \"$1\"; }; unset SESSION_SECRET",
            replace: &[],
            after: "echo \"${#SESSION_SECRET} characters\"",
            prints: &["cargo add", "44 characters"],
        }),
    },
    Entry {
        page: "docs/edge.md",
        first: "scripts/edge                             # builds the page and tests it in workerd",
        how: NotRun("scripts/assure runs scripts/edge, which needs the network and minutes"),
    },
    Entry { page: "docs/edge.md", first: "cd e2e/edge", how: NotRun(EDGE) },
    Entry {
        page: "docs/edge.md",
        first: "grep -A 1 '^name = \"wasm-bindgen\"$' Cargo.lock",
        how: NotRun(EDGE),
    },
    Entry {
        page: "docs/edge.md",
        first: "cp worker.js workerd.capnp package.json target/site",
        how: NotRun(EDGE),
    },
    Entry {
        page: "docs/embedded.md",
        first: "rustup target add thumbv6m-none-eabi",
        how: NotRun("needs rustup and the network; scripts/embedded builds for this target"),
    },
    Entry {
        page: "docs/embedded.md",
        first: "apt-get install rustc-web rust-web-src",
        how: NotRun("scripts/embedded runs these commands, with the package that scripts/test installs"),
    },
    Entry {
        page: "docs/encryption.md",
        first: "(umask 077; waxseal keys export --encrypted > keys.json)",
        how: Runs(Run {
            before: "",
            replace: &[],
            after: EXPORTED,
            prints: &["600", "\"enc\":\"A256CBC-HS512\""],
        }),
    },
    Entry {
        page: "docs/gateway.md",
        first: "apt-get install nginx libnginx-mod-http-js",
        how: NotRun("needs the network; scripts/test installs these packages"),
    },
    Entry {
        page: "docs/gateway.md",
        first: "mkdir -p /etc/nginx/waxseal",
        how: Runs(Run {
            // gateway.rs reloads nginx with such a file.
            before: "nginx() { echo nginx \"$1\"; }; systemctl() { echo systemctl \"$@\"; }",
            replace: &[("/etc/nginx/waxseal", "waxseal")],
            after: "stat --format %a waxseal/keys.json; waxseal keys list waxseal/keys.json",
            prints: &["nginx -t", "systemctl reload nginx", "600", "__Host-session"],
        }),
    },
    Entry {
        page: "docs/integrations.md",
        first: "export SESSION_SECRET=\"$(openssl rand -base64 32)\"",
        how: Serves { before: "unset SESSION_SECRET" },
    },
    Entry {
        page: "docs/frameworks.md",
        first: "export SESSION_SECRET=\"$(openssl rand -base64 32)\"",
        how: NotRun("scripts/assure runs the tests of this example, which builds Leptos"),
    },
    Entry {
        page: "docs/tower-sessions.md",
        first: "cargo add waxseal waxseal-tower-sessions --features waxseal-tower-sessions/v0_14",
        how: NotRun("needs the registry; e2e/axum-login has these dependencies"),
    },
    Entry {
        page: "docs/quick-start.md",
        first: "cargo new hello",
        how: Runs(Run {
            // scripts/packages builds a program with these dependencies.
            before: "cargo() { case $1 in add) echo \"$@\" ;; *) command cargo \"$@\" ;; esac; }",
            replace: &[],
            after: "cat src/main.rs",
            prints: &["add waxseal axum tracing-subscriber", "add serde", "add tokio", "fn main"],
        }),
    },
    Entry {
        page: "docs/quick-start.md",
        first: "export SESSION_SECRET=\"$(openssl rand -base64 32)\"",
        how: Serves {
            before: "unset SESSION_SECRET; cargo() { command cargo \"$@\" --example quick-start; }",
        },
    },
    Entry {
        page: "docs/quick-start.md",
        first: "curl --silent --cookie cookies --cookie-jar cookies http://localhost:3000     # Hello stranger, this is visit 1",
        how: Requests,
    },
    Entry {
        page: "docs/readers.md",
        first: "(umask 077; waxseal keys export > keys.json)",
        how: Runs(Run {
            before: "",
            replace: &[],
            after: EXPORTED,
            prints: &["600", "\"alg\":\"HS256\""],
        }),
    },
    Entry {
        page: "docs/revocation.md",
        first: "REVOCATIONS=sqlite:/var/lib/app/sessions.db waxseal revocations create --trust-existing",
        how: Runs(Run {
            before: "",
            replace: &[("/var/lib/app/", "")],
            after: "REVOCATIONS=sqlite:sessions.db waxseal revocations check",
            prints: &["Created", "sessions.db"],
        }),
    },
    Entry {
        page: "docs/revocation.md",
        first: "export REVOCATIONS=sqlite:/var/lib/app/sessions.db",
        how: Runs(Run {
            before: "REVOCATIONS=sqlite:sessions.db waxseal revocations create --trust-existing",
            // The time of the page can be in the future of the machine.
            replace: &[
                ("/var/lib/app/", ""),
                ("2026-11-24T10:00:00Z", "$(date --utc --date yesterday +%FT%TZ)"),
            ],
            after: "",
            prints: &["Revoked all sessions of user \"42\"", "issued before", "of all users"],
        }),
    },
    Entry {
        page: "docs/rotation.md",
        first: "waxseal keys add session-keys.json      # creates the file, or adds a key that only opens",
        how: Runs(Run {
            // A file with a key of 200 days ago. 40 days pass before each step.
            before: "now=$(($(date +%s) - 200 * 86400))
                waxseal() { command waxseal \"$@\" --now $now; now=$((now + 40 * 86400)); }
                waxseal keys add session-keys.json; cp session-keys.json before.json",
            replace: &[],
            after: "grep --count kid session-keys.json; ! cmp before.json session-keys.json",
            prints: &["1\n", "differ"],
        }),
    },
    Entry {
        page: "docs/rotation.md",
        first: "(umask 077; waxseal keys export > session-keys.json)  # the key derived from SESSION_SECRET; protect it like the secret",
        how: Runs(Run {
            before: "",
            replace: &[],
            after: "stat --format %a session-keys.json",
            prints: &["__Host-session", "600"],
        }),
    },
    Entry {
        page: "docs/rotation.md",
        first: "waxseal keys revoke session-keys.json KID",
        how: Runs(Run {
            before: "waxseal keys add session-keys.json
                KID=$(sed -n 's/.*\"kid\": \"\\(.*\\)\",/\\1/p' session-keys.json); test -n \"$KID\"",
            replace: &[("KID", "\"$KID\"")],
            after: "! grep --quiet -- \"$KID\" session-keys.json && echo gone",
            prints: &["gone"],
        }),
    },
];
