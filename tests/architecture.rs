//! Habits that reviews forget: who imports whom, who reads secrets, how long files get, which tests run.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops where its world is not as expected"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[allow(dead_code, reason = "`cargo prove` reads the rest")]
#[path = "../proof/src/bars.rs"]
mod bars;
#[allow(dead_code, reason = "`cargo prove` reads the rest")]
#[path = "../proof/src/mutants.rs"]
mod mutants;

use bars::BARS;
use mutants::MUTANTS;

/// What each module may import: its row of the architecture's table. `a::b` allows that path and all below it.
///
/// `app` assembles everything, so it may import everything above the operations; `commands` reaches below `ops`
/// for error types alone, because it gives each failure its exit code.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("lib", &[]),
    ("main", &[]),
    ("secret", &[]),
    ("clock", &[]),
    ("hooks", &[]),
    (
        "fuzzing",
        &[
            "app",
            "cli",
            "commands",
            "domain",
            "fuzzing",
            "oauth",
            "output",
            "providers",
            "secret",
            "sim",
            "vault",
        ],
    ),
    ("app", &["app", "cli", "clock", "commands", "hooks", "ops", "output", "secret", "ui"]),
    ("domain", &["domain", "secret"]),
    ("providers", &["domain", "providers", "secret"]),
    ("oauth", &["clock", "domain", "fuzzing::Target", "hooks", "oauth", "providers", "secret"]),
    ("vault", &["clock", "domain", "fuzzing::Target", "hooks", "secret", "vault"]),
    ("ops", &["clock", "domain", "hooks", "oauth", "ops", "providers", "secret", "vault"]),
    ("cli", &["cli", "domain", "output"]),
    (
        "commands",
        &[
            "app",
            "broker",
            "cli",
            "clock",
            "commands",
            "domain",
            "fuzzing::Target",
            "ops",
            "output",
            "secret",
            "sim",
            "ui",
            "oauth::ExchangeError",
            "oauth::Unreachable",
            "providers::EndpointError",
            "vault::VaultError",
        ],
    ),
    ("output", &["domain", "hooks", "output", "secret"]),
    ("ui", &["ops::interact", "output", "secret", "ui"]),
    ("sim", &["clock", "sim"]),
    ("broker", &["broker", "clock", "domain", "ops", "secret"]),
];

/// The files that may read a secret, each for a reason that can be said in a line.
const MAY_EXPOSE: &[(&str, &str)] = &[
    ("src/app/identity.rs", "copies TOKENCTL_IDENTITY into the identity that the vault opens"),
    ("src/commands/app.rs", "cuts the line feed off a file that holds a secret"),
    ("src/commands/finish.rs", "writes a token that was asked for to stdout"),
    ("src/commands/invite/mint.rs", "formats links and tokens that were asked for"),
    ("src/commands/invite/presented.rs", "takes the token out of a link"),
    ("src/commands/token/takeover_file.rs", "reads a file of grants"),
    ("src/domain/invitation/search.rs", "hashes addresses with the search key"),
    ("src/domain/invitation/token.rs", "hashes a token, and puts it into its link"),
    ("src/domain/jws/token.rs", "takes a token apart"),
    ("src/broker/socket.rs", "writes a token that was asked for to a client"),
    ("src/commands/exec/launch.rs", "hands tokens over to a program that is run"),
    ("src/commands/token/format.rs", "formats a token that was asked for"),
    ("src/fuzzing.rs", "reads a private key back that it was given"),
    ("src/commands/token/fuzzing.rs", "looks at a token that it made up"),
    ("src/oauth/fuzzing.rs", "looks at tokens that it made up"),
    ("src/oauth/callback/fuzzing.rs", "looks at a code that it made up"),
    ("src/domain/keypair.rs", "parses a private key that is taken over"),
    ("src/domain/signer.rs", "hands a private key to the cryptographic provider"),
    ("src/domain/token.rs", "hashes a token"),
    ("src/oauth/addresses.rs", "parses an answer"),
    ("src/oauth/answer.rs", "parses an answer with a token in it"),
    ("src/oauth/authorize.rs", "puts the state into the address that the browser is sent to"),
    ("src/oauth/callback/paste.rs", "reads a pasted address"),
    ("src/oauth/certificates.rs", "parses an answer"),
    ("src/oauth/device.rs", "parses an answer with a device code in it"),
    ("src/oauth/discovery.rs", "parses an answer"),
    ("src/oauth/document.rs", "reads a document that is public"),
    ("src/oauth/harmless.rs", "puts an access token into a request"),
    ("src/oauth/pkce.rs", "hashes the verifier"),
    ("src/oauth/request.rs", "puts client secret, assertion and grant into a request"),
    ("src/oauth/revoke.rs", "puts the token that is given back into a request"),
    ("src/oauth/token.rs", "reads what an access token says of itself"),
    ("src/ops/grants.rs", "compares the refresh token that came with the one that was sent"),
    ("src/ops/invites/person.rs", "shows operators whom an invitation is for"),
    ("src/ui/browser.rs", "hands the address of a login to the browser"),
    ("src/ui/visit.rs", "shows the address of a login to the person"),
    ("src/ui/prompt.rs", "sees whether a passphrase is empty"),
    ("src/vault/identity.rs", "parses identities, and writes a new one to its file"),
    ("src/vault/journal/entry.rs", "writes tokens into a document that is sealed"),
    ("src/vault/journal/mod.rs", "reads the document of an entry"),
    ("src/vault/keyring.rs", "wraps the vault's keys for operators, and opens them"),
    ("src/vault/resealing.rs", "seals every secret anew"),
    ("src/vault/rows/apps.rs", "seals a client secret"),
    ("src/vault/rows/grants.rs", "seals a refresh token"),
    ("src/vault/rows/invitation_issuer.rs", "seals the search key"),
    ("src/vault/rows/invitation_keys.rs", "seals a private key"),
    ("src/vault/rows/keys.rs", "seals a private key"),
    ("src/vault/rows/quarantine.rs", "seals a refresh token"),
    ("src/vault/rows/tokens.rs", "seals a token"),
    ("src/vault/signing.rs", "hands the signing key to the cryptographic provider"),
];

/// Lines of a source file, tests excluded, at which it is split.
const LINES: usize = 400;

fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    found.sort();
    let relative = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap())).collect()
}

/// The part of a file before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

/// Whether a file holds unit tests only: they may use what they test with.
fn is_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

/// The module at the top that a file belongs to.
fn module_of(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap();
    below.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Every path below `crate::` that the text names, with nested braces taken apart.
fn crate_paths(text: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    for (start, _) in code.match_indices("crate::") {
        // `$crate::` in a macro and `some_crate::` are other things.
        if code[..start].ends_with(|char: char| char.is_alphanumeric() || char == '_') {
            continue;
        }
        expand("", &code[start + "crate::".len()..], &mut paths);
    }
    paths
}

/// Expands `a::{b, c::{d}}` after `prefix`; returns how many bytes belong to it.
fn expand(prefix: &str, text: &str, paths: &mut BTreeSet<String>) -> usize {
    let word =
        text.find(|char: char| !(char.is_alphanumeric() || char == '_' || char == ':')).unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..word]);
    if !text[word..].starts_with('{') || !(path.is_empty() || path.ends_with("::")) {
        paths.insert(path.trim_end_matches(':').to_owned());
        return word;
    }
    let mut at = word + 1;
    loop {
        at += text[at..].find(|char: char| !char.is_whitespace() && char != ',').unwrap_or(0);
        if at >= text.len() || text[at..].starts_with('}') {
            return at + 1;
        }
        let taken = expand(&path, &text[at..], paths);
        // `b as other`: the new name is no path.
        let rest = text[at + taken..].find([',', '}']).unwrap_or(0);
        at += taken.max(1) + if text[at + taken..].starts_with(" as ") { rest } else { 0 };
    }
}

fn allowed(path: &str, list: &[&str]) -> bool {
    list.iter()
        .any(|entry| path == *entry || path.strip_prefix(entry).is_some_and(|rest| rest.starts_with("::")))
}

#[test]
fn paths_are_taken_apart() {
    let text = "use crate::a::{b, c::{d, e as f}, g};\nuse crate::h;\nlet x = crate::i::j(1);\n$crate::k";
    let expected = ["a::b", "a::c::d", "a::c::e", "a::g", "h", "i::j", "k"];
    assert_eq!(crate_paths(text), expected.map(str::to_owned).into());
    assert_eq!(crate_paths("use crate::{a::b, c};"), ["a::b", "c"].map(str::to_owned).into());
    assert!(
        allowed("ops::interact::Interact", &["ops::interact"])
            && !allowed("ops::interacting", &["ops::interact"])
    );
}

#[test]
fn imports_follow_the_table() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src").iter().filter(|(path, _)| !is_tests(path)) {
        let module = module_of(path);
        let Some((_, list)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
            panic!("{path}: the module `{module}` has no row in the table");
        };
        let imports = crate_paths(without_tests(text));
        wrong.extend(
            imports.iter().filter(|import| !allowed(import, list)).map(|import| format!("{path}: {import}")),
        );
    }
    assert!(wrong.is_empty(), "imports that the architecture forbids:\n{}", wrong.join("\n"));
}

#[test]
fn secrets_are_read_where_the_list_says() {
    let readers: BTreeSet<String> = sources("src")
        .into_iter()
        .filter(|(path, text)| !is_tests(path) && without_tests(text).contains("expose()"))
        .map(|(path, _)| path)
        .collect();
    let listed: BTreeSet<String> = MAY_EXPOSE.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(readers, listed, "left: files that call `expose()`, right: the list in this test");
}

#[test]
fn files_stay_readable() {
    let long: Vec<String> = sources("src")
        .into_iter()
        .filter(|(path, _)| !is_tests(path))
        .map(|(path, text)| (without_tests(&text).lines().count(), path))
        .filter(|(lines, _)| *lines > LINES)
        .map(|(lines, path)| format!("{path}: {lines}"))
        .collect();
    assert!(long.is_empty(), "files over {LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn the_environment_is_read_in_one_place() {
    let readers: Vec<String> = sources("src")
        .into_iter()
        .filter(|(path, text)| !is_tests(path) && text.contains("env::var"))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(readers, ["src/app.rs"]);
}

/// A file under `tests/<harness>/` that no `mod` line names is never compiled, and so never fails.
#[test]
fn no_test_file_is_forgotten() {
    let files = sources("tests");
    let all: String = files.iter().map(|(_, text)| text.as_str()).collect();
    for (path, _) in &files {
        let parts: Vec<&str> = path.split('/').collect();
        let name = parts[parts.len() - 1].trim_end_matches(".rs");
        if parts.len() == 2 || name == "main" {
            continue; // a harness of its own
        }
        let name = if name == "mod" { parts[parts.len() - 2] } else { name };
        assert!(all.contains(&format!("mod {name};")), "{path} is part of no harness");
    }
}

/// SQLite's interface for a file of its own making is C; nothing else needs what the compiler cannot check.
#[test]
fn one_file_is_unsafe() {
    let mut unsafe_files = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets"] {
        for (path, text) in sources(folder) {
            let mut code = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
            let is_code = |line: &str| {
                line.match_indices("unsafe").any(|(at, word)| {
                    // `unsafe_code`, `UnsafeFile` and prose in quotes are other things.
                    let (before, after) = (&line[..at], &line[at + word.len()..]);
                    let free =
                        |char: Option<char>| char.is_none_or(|char| !char.is_alphanumeric() && char != '_');
                    free(before.chars().next_back())
                        && free(after.chars().next())
                        && ["{", "fn", "impl", "extern", "trait"]
                            .iter()
                            .any(|next| after.trim_start().starts_with(next))
                })
            };
            if code.any(is_code) {
                unsafe_files.push(path);
            }
        }
    }
    assert_eq!(unsafe_files, ["src/vault/reader/vfs.rs"]);
    let allowing: Vec<String> = sources("src")
        .into_iter()
        .filter(|(_, text)| ["allow(unsafe_code", "expect(unsafe_code"].iter().any(|how| text.contains(how)))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(allowing, ["src/vault/reader/vfs.rs"]);
}

/// What `hooks::mutant` is asked for that is no bug: it holds a process still, makes it fail, or lets it be watched.
const NO_BUGS: &[&str] = &[
    "damaged-backup",
    "fail-after-switch",
    "hang-in-audit",
    "hang-in-command",
    "hang-in-commit",
    "one-thread",
    "panic-in-command",
    "seek-in-small-vaults",
    "traceable",
    "wait-in-command",
];

/// Tests that are left out of every run because they write something or are started by another test.
const NO_SWEEPS: &[&str] = &[
    "child_fills_the_disk",
    "the_pages_are_written_to_be_looked_at",
    "write_the_vectors",
    "writes_the_vaults_that_are_missing",
];

/// Every bug that is seeded somewhere has somebody who finds it, and every bar finds one.
#[test]
fn every_seeded_bug_is_claimed() {
    let seeded: BTreeSet<String> = sources("src")
        .iter()
        .filter(|(path, _)| !is_tests(path))
        .flat_map(|(_, text)| {
            let calls = text.split("#[cfg(test)]\nmod tests {").next().unwrap().split("mutant(\"").skip(1);
            calls.map(|call| call.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let claimed: BTreeSet<String> =
        MUTANTS.iter().map(|mutant| mutant.name).chain(NO_BUGS.iter().copied()).map(str::to_owned).collect();
    assert_eq!(
        seeded, claimed,
        "left: what `src` seeds, right: proof/src/mutants.rs and the list in this test"
    );
    let finds = |bar: &&bars::Bar| MUTANTS.iter().any(|mutant| mutant.bar == bar.name);
    let blind: Vec<_> = BARS.iter().filter(|bar| !finds(bar)).map(|bar| bar.name).collect();
    assert!(blind.is_empty(), "bars that were never seen red: {blind:?}");
}

/// `cargo prove` runs every sweep, and what it names is there.
#[test]
fn every_sweep_belongs_to_a_bar() {
    let is_in = |suite: &str, test: &str| {
        let folder = if suite == "lib" { "src".to_owned() } else { format!("tests/{suite}") };
        let function = format!("fn {}(", test.rsplit("::").next().unwrap());
        sources(&folder).iter().any(|(_, text)| text.contains(&function))
    };
    let parts = BARS.iter().flat_map(|bar| bar.parts);
    let long: Vec<_> =
        parts.filter(|part| part.long && part.suite != "fuzz").map(|part| (part.suite, part.tests)).collect();
    let named = long.iter().copied().chain(MUTANTS.iter().map(|mutant| (mutant.suite, mutant.test)));
    let gone: Vec<_> = named.filter(|(suite, test)| !is_in(suite, test)).collect();
    assert!(gone.is_empty(), "there is no such test: {gone:?}");

    let mut left_out = Vec::new();
    for (path, text) in sources("tests").into_iter().chain(sources("src")) {
        for after in text.split("#[ignore = \"").skip(1) {
            let name = after.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap_or_default();
            let is_proven = long.iter().any(|(_, test)| test.rsplit("::").next() == Some(name));
            if !is_proven && !NO_SWEEPS.contains(&name) && path != "tests/architecture.rs" {
                left_out.push(format!("{path}: {name}"));
            }
        }
    }
    assert!(left_out.is_empty(), "sweeps that `cargo prove` does not know: {left_out:?}");
}
