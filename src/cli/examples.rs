//! The examples of the long help and of the manual pages, as data: a test runs every one of them.

use crate::output::hint::quoted;

/// One example of a command.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// The command that it belongs to, such as `["rotate", "confirm"]`.
    pub command: &'static [&'static str],
    /// What it does, imperative, without a period.
    pub about: &'static str,
    /// The arguments after `tokenctl`.
    pub arguments: &'static [&'static str],
}

/// Every example, in the order of the help.
#[rustfmt::skip] // a table
pub const EXAMPLES: &[Example] = &[
    Example { command: &["init"], about: "Create a vault and an identity in their usual places", arguments: &["init"] },
    Example { command: &["init"], about: "Create a vault for an operator who has a key already", arguments: &["init", "--recipient", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"] },
    Example { command: &["demo"], about: "See everything once, without touching anything of yours", arguments: &["demo"] },
    Example { command: &["demo"], about: "Keep the demo's vault to look around in it", arguments: &["demo", "--keep", "./tokenctl-demo"] },
    Example { command: &["sim"], about: "Run the simulator on a fixed port", arguments: &["sim", "--listen", "127.0.0.1:8650"] },
    Example { command: &["app", "add", "quickbooks"], about: "Add the production keys of a QuickBooks app", arguments: &["app", "add", "quickbooks", "books", "--client-id", "ABc1", "--client-secret-file", "books.secret", "--redirect-uri", "https://connect.example.com/quickbooks/callback"] },
    Example { command: &["app", "add", "quickbooks"], about: "Add an app that the simulator plays", arguments: &["app", "add", "quickbooks", "rehearsal", "--client-id", "CLIENT", "--client-secret-file", "-", "--environment", "simulator", "--token-url", "http://127.0.0.1:8650/quickbooks/oauth2/v1/tokens/bearer"] },
    Example { command: &["app", "add", "pax8"], about: "Add API credentials of Pax8", arguments: &["app", "add", "pax8", "partner", "--client-id", "CLIENT", "--client-secret-file", "pax8.secret"] },
    Example { command: &["app", "add", "oauth2"], about: "Add a client of a server that publishes its metadata", arguments: &["app", "add", "oauth2", "idp", "--client-id", "CLIENT", "--client-secret-file", "idp.secret", "--discovery", "https://idp.example.com/.well-known/openid-configuration"] },
    Example { command: &["app", "add", "oauth2"], about: "Add a client that signs assertions with its connections' keys", arguments: &["app", "add", "oauth2", "signer", "--client-id", "CLIENT", "--auth", "private-key-jwt", "--token-url", "https://idp.example.com/token"] },
    Example { command: &["app", "list"], about: "List the apps", arguments: &["app", "list"] },
    Example { command: &["app", "show"], about: "Show one app with its connections", arguments: &["app", "show", "books"] },
    Example { command: &["app", "set"], about: "Replace the client secret once the vendor has accepted the new one", arguments: &["app", "set", "books", "--client-secret-file", "new.secret"] },
    Example { command: &["app", "set"], about: "Go back to the keys before", arguments: &["app", "set", "books", "--revert"] },
    Example { command: &["app", "remove"], about: "Remove an app that no connection belongs to", arguments: &["app", "remove", "books"] },
    Example { command: &["connection", "add", "netsuite"], about: "Add a NetSuite sandbox account", arguments: &["connection", "add", "netsuite", "acme", "--account", "1234567_SB1", "--client-id", "5tDDtvljd8KO4pw", "--entity", "42", "--role", "1000", "--company", "Acme Ltd"] },
    Example { command: &["connection", "add", "netsuite"], about: "Add an account that the simulator plays", arguments: &["connection", "add", "netsuite", "rehearsal", "--account", "1234567", "--client-id", "CLIENT", "--environment", "simulator", "--token-url", "http://127.0.0.1:8650/netsuite/1234567/services/rest/auth/oauth2/v1/token"] },
    Example { command: &["connection", "add", "quickbooks"], about: "Add a company before its grant is taken over", arguments: &["connection", "add", "quickbooks", "acme-books", "--app", "books", "--realm", "9130355377388383"] },
    Example { command: &["connection", "add", "pax8"], about: "Add a connection for the usage API", arguments: &["connection", "add", "pax8", "market", "--app", "partner", "--audience", "api://usage"] },
    Example { command: &["connection", "add", "oauth2"], about: "Add a connection of an app that is there", arguments: &["connection", "add", "oauth2", "reports", "--app", "idp", "--scope", "reports.read"] },
    Example { command: &["connection", "add", "oauth2"], about: "Add a connection and its client in one step", arguments: &["connection", "add", "oauth2", "crm", "--client-id", "CLIENT", "--client-secret-file", "crm.secret", "--discovery", "https://idp.example.com/.well-known/openid-configuration"] },
    Example { command: &["connection", "add", "oauth2"], about: "Add a client that signs with a key of its own", arguments: &["connection", "add", "oauth2", "signer", "--client-id", "CLIENT", "--auth", "private-key-jwt", "--token-url", "https://idp.example.com/token"] },
    Example { command: &["connection", "import"], about: "See what a file would add", arguments: &["connection", "import", "accounts.csv", "--dry-run"] },
    Example { command: &["connection", "list"], about: "List the connections of a company", arguments: &["connection", "list", "--company", "Acme Ltd"] },
    Example { command: &["connection", "list"], about: "List names and states for a script", arguments: &["connection", "list", "-o", "csv", "--fields", "name,status"] },
    Example { command: &["connection", "show"], about: "Show one connection", arguments: &["connection", "show", "acme"] },
    Example { command: &["connection", "set"], about: "Ask for fewer scopes, once an exchange has proven that it works", arguments: &["connection", "set", "acme", "--scope", "rest_webservices"] },
    Example { command: &["connection", "set"], about: "Go back to the settings before", arguments: &["connection", "set", "acme", "--revert"] },
    Example { command: &["connection", "enable"], about: "Use a connection again", arguments: &["connection", "enable", "acme"] },
    Example { command: &["connection", "disable"], about: "Keep a connection from being used", arguments: &["connection", "disable", "acme"] },
    Example { command: &["connection", "remove"], about: "Remove a connection from a script", arguments: &["connection", "remove", "acme", "--yes"] },
    Example { command: &["login"], about: "Connect a company, and name the connection after it", arguments: &["login", "books"] },
    Example { command: &["login"], about: "Renew a connection, which must be the same company", arguments: &["login", "books", "--name", "acme"] },
    Example { command: &["login"], about: "Come back by a page of your own, and paste its address", arguments: &["login", "books", "--redirect-uri", "https://connect.example.com/quickbooks", "--paste"] },
    Example { command: &["login"], about: "Show a code to type on another machine", arguments: &["login", "crm", "--name", "acme-crm", "--device"] },
    Example { command: &["company", "list"], about: "See which QuickBooks companies must be connected again", arguments: &["company", "list", "--provider", "quickbooks", "--status", "reconnect"] },
    Example { command: &["company", "list"], about: "See what ends next", arguments: &["company", "list", "--sort", "expiry", "--limit", "20"] },
    Example { command: &["company", "show"], about: "See what to tell a customer", arguments: &["company", "show", "Acme Ltd"] },
    Example { command: &["company", "rename"], about: "Give a company another name", arguments: &["company", "rename", "Acme Ltd", "Acme Holding"] },
    Example { command: &["company", "disconnect"], about: "See what would be given back", arguments: &["company", "disconnect", "Acme Ltd", "--dry-run"] },
    Example { command: &["company", "disconnect"], about: "Forget one connection although its vendor does not answer", arguments: &["company", "disconnect", "--connection", "acme", "--local-only"] },
    Example { command: &["keygen"], about: "Make the first key", arguments: &["keygen", "acme"] },
    Example { command: &["keygen"], about: "Make a small, quick key that is valid for a year", arguments: &["keygen", "acme", "--algorithm", "ec-p256", "--days", "365"] },
    Example { command: &["keygen"], about: "Make a key for every connection without one", arguments: &["keygen", "--all-missing"] },
    Example { command: &["key", "import"], about: "Take over a pair that NetSuite knows already", arguments: &["key", "import", "acme", "--key-file", "old.key", "--cert-file", "old.pem", "--certificate-id=5f3a"] },
    Example { command: &["cert", "export"], about: "Write the certificate that is to be uploaded", arguments: &["cert", "export", "acme", "--out", "acme.pem"] },
    Example { command: &["cert", "export"], about: "Print the public key as a JSON Web Key", arguments: &["cert", "export", "acme", "--format", "jwk"] },
    Example { command: &["cert", "show"], about: "Show the pending certificate", arguments: &["cert", "show", "acme", "--key", "pending"] },
    Example { command: &["cert", "list"], about: "List certificates, for a spreadsheet", arguments: &["cert", "list", "-o", "csv"] },
    Example { command: &["cert", "activate"], about: "Make the first key active after the upload", arguments: &["cert", "activate", "acme", "--certificate-id=5f3a"] },
    Example { command: &["rotate", "initiate"], about: "Begin a rotation", arguments: &["rotate", "initiate", "acme"] },
    Example { command: &["rotate", "status"], about: "See where a rotation stands", arguments: &["rotate", "status", "acme"] },
    Example { command: &["rotate", "confirm"], about: "Switch to the new key after the upload", arguments: &["rotate", "confirm", "acme", "--certificate-id=5f3a"] },
    Example { command: &["rotate", "abort"], about: "Keep the old key", arguments: &["rotate", "abort", "acme"] },
    Example { command: &["rotate", "rollback"], about: "Go back to the previous key", arguments: &["rotate", "rollback", "acme"] },
    Example { command: &["rotate", "retire"], about: "Destroy the previous key", arguments: &["rotate", "retire", "acme"] },
    Example { command: &["rotate", "retire"], about: "See what would be done", arguments: &["rotate", "retire", "acme", "--dry-run"] },
    Example { command: &["verify"], about: "Prove one connection", arguments: &["verify", "acme"] },
    Example { command: &["verify"], about: "Prove everything in CI, and fail 45 days before a certificate ends", arguments: &["verify", "--all", "--fail-on", "expiring", "--warn-days", "45", "--output", "json"] },
    Example { command: &["verify"], about: "Leave reports for CI", arguments: &["verify", "--all", "--report", "junit=tokenctl.xml", "--report", "sarif=tokenctl.sarif"] },
    Example { command: &["verify"], about: "Annotate a workflow run on GitHub", arguments: &["verify", "--all", "--report", "github=-"] },
    Example { command: &["verify"], about: "Leave metrics for node_exporter's textfile collector", arguments: &["verify", "--all", "--quiet", "--report", "prometheus=/var/lib/node_exporter/tokenctl.prom"] },
    Example { command: &["verify"], about: "Try an upload before the switch", arguments: &["verify", "acme", "--key", "pending", "--certificate-id=5f3a"] },
    Example { command: &["token", "get"], about: "Hand a token to a script", arguments: &["token", "get", "acme"] },
    Example { command: &["token", "get"], about: "Hand curl a header with a token that lasts 20 minutes", arguments: &["token", "get", "acme", "--format", "header", "--min-ttl", "20m"] },
    Example { command: &["token", "revoke"], about: "Give a grant back before the connection is removed", arguments: &["token", "revoke", "acme"] },
    Example { command: &["token", "refresh"], about: "Renew what is due, from a timer", arguments: &["token", "refresh", "--all", "--due", "--within", "20m", "--no-input"] },
    Example { command: &["token", "refresh"], about: "Send a refresh token once more after its answer was lost", arguments: &["token", "refresh", "acme"] },
    Example { command: &["token", "import"], about: "Take over a company that another system has connected", arguments: &["token", "import", "acme", "--app", "books", "--realm", "9130355377388383", "--refresh-token-file", "acme.refresh"] },
    Example { command: &["token", "import"], about: "Take over hundreds of them", arguments: &["token", "import", "--from", "grants.csv"] },
    Example { command: &["invite", "issuer", "set"], about: "Say who issues invitations, and where their links lead", arguments: &["invite", "issuer", "set", "--issuer", "https://invite.example.com", "--audience", "supplier-onboarding-app", "--link-base", "https://onboarding.example.com/start"] },
    Example { command: &["invite", "issuer", "set"], about: "Issue tokens that SAP's libraries take", arguments: &["invite", "issuer", "set", "--profile", "xsuaa", "--issuer", "https://invite.example.com", "--link-base", "https://onboarding.example.com/start", "--xsappname", "app!t123", "--client-id", "sb-app!t123", "--zone", "my-zone"] },
    Example { command: &["invite", "issuer", "show"], about: "Show the rules", arguments: &["invite", "issuer", "show"] },
    Example { command: &["invite", "mint"], about: "Invite a supplier, and keep the link in a file", arguments: &["invite", "mint", "--email", "ann@supplier.example", "--company", "Supplier Ltd", "--format", "link"] },
    Example { command: &["invite", "mint"], about: "Invite on a terminal, with a QR code", arguments: &["invite", "mint", "--email", "ann@supplier.example", "--company", "Supplier Ltd", "--ttl", "2d", "--qr", "--show"] },
    Example { command: &["invite", "mint"], about: "Invite everybody in a file, for a mail merge", arguments: &["invite", "mint", "--from-csv", "suppliers.csv", "-o", "csv"] },
    Example { command: &["invite", "check"], about: "See whether a link still works, and why not", arguments: &["invite", "check", "token.txt"] },
    Example { command: &["invite", "check"], about: "Verify as a service without the vault does", arguments: &["invite", "check", "token.txt", "--offline", "--jwks", "https://invite.example.com/.well-known/jwks.json", "--issuer", "https://invite.example.com", "--audience", "supplier-onboarding-app"] },
    Example { command: &["invite", "list"], about: "List what waits for suppliers", arguments: &["invite", "list", "--state", "sent"] },
    Example { command: &["invite", "show"], about: "Show what became of a supplier's invitations", arguments: &["invite", "show", "--email", "ann@supplier.example"] },
    Example { command: &["invite", "sent"], about: "Note that a link was mailed", arguments: &["invite", "sent", "3f0c9d1e5a7b48c2b6d4e8f0a1c3e5d7"] },
    Example { command: &["invite", "revoke"], about: "Take back everything that an address can use", arguments: &["invite", "revoke", "--email", "ann@supplier.example", "--yes"] },
    Example { command: &["invite", "access"], about: "Validate a token for a web page", arguments: &["invite", "access", "-", "--ip", "203.0.113.45", "-o", "json"] },
    Example { command: &["invite", "start"], about: "Note that the form was begun", arguments: &["invite", "start", "token.txt"] },
    Example { command: &["invite", "submit"], about: "Note that the form was handed in", arguments: &["invite", "submit", "token.txt"] },
    Example { command: &["invite", "redeem"], about: "Use an invitation up, once", arguments: &["invite", "redeem", "token.txt"] },
    Example { command: &["invite", "cleanup"], about: "See what would expire and be erased", arguments: &["invite", "cleanup", "--dry-run"] },
    Example { command: &["invite", "alerts"], about: "See what was suspicious since yesterday", arguments: &["invite", "alerts", "--since", "1d"] },
    Example { command: &["invite", "key", "rotate"], about: "Change the signing key", arguments: &["invite", "key", "rotate"] },
    Example { command: &["invite", "key", "list"], about: "List the signing keys", arguments: &["invite", "key", "list"] },
    Example { command: &["invite", "key", "revoke"], about: "Take a leaked key out of use", arguments: &["invite", "key", "revoke", "--", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"] },
    Example { command: &["invite", "jwks"], about: "Write the public keys for a web server", arguments: &["invite", "jwks", "--out", "jwks.json"] },
    Example { command: &["exec"], about: "Run a job with a token in TOKENCTL_TOKEN", arguments: &["exec", "acme", "--", "./export-orders"] },
    Example { command: &["exec"], about: "Choose the variables for two connections", arguments: &["exec", "acme", "globex", "--env", "acme=NETSUITE_TOKEN", "--env", "globex=QUICKBOOKS_TOKEN", "--", "./compare"] },
    Example { command: &["exec"], about: "Keep the token out of the environment", arguments: &["exec", "acme", "--token-fd", "3", "--", "sh", "-c", "./export-orders <&3"] },
    Example { command: &["exec"], about: "Run a job that outlives its token and asks again: curl --unix-socket $TOKENCTL_SOCKET http://localhost/token/acme", arguments: &["exec", "acme", "--live", "--", "./sync-all-night"] },
    Example { command: &["audit", "list"], about: "See what happened to a connection in the last week", arguments: &["audit", "list", "--connection", "acme", "--since", "7d"] },
    Example { command: &["audit", "list"], about: "See all rotations", arguments: &["audit", "list", "--action", "rotation"] },
    Example { command: &["audit", "verify"], about: "Check that nobody changed the log", arguments: &["audit", "verify"] },
    Example { command: &["audit", "export"], about: "Copy the log", arguments: &["audit", "export", "--out", "audit.jsonl"] },
    Example { command: &["vault", "info"], about: "Show who can open the vault", arguments: &["vault", "info"] },
    Example { command: &["vault", "check"], about: "Read everything and see whether it holds together", arguments: &["vault", "check"] },
    Example { command: &["vault", "backup"], about: "Copy the vault to another disk", arguments: &["vault", "backup", "/mnt/backups"] },
    Example { command: &["vault", "backup"], about: "Keep one file, the newest", arguments: &["vault", "backup", "vault-copy.age", "--force"] },
    Example { command: &["vault", "restore"], about: "See what a backup would replace", arguments: &["vault", "restore", "/mnt/backups/vault-42.age", "--dry-run"] },
    Example { command: &["vault", "restore"], about: "Go on from the generation before", arguments: &["vault", "restore", "vault.age.prev", "--yes"] },
    Example { command: &["vault", "rekey"], about: "Replace the keys after a laptop was stolen", arguments: &["vault", "rekey"] },
    Example { command: &["vault", "move-home"], about: "Give the vault up at its old home", arguments: &["vault", "move-home", "--release"] },
    Example { command: &["vault", "move-home"], about: "Take it over at the new one", arguments: &["vault", "move-home"] },
    Example { command: &["vault", "recipient", "add"], about: "Let support see names and states", arguments: &["vault", "recipient", "add", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "--role", "viewer", "--label", "support"] },
    Example { command: &["vault", "recipient", "list"], about: "List who can open the vault", arguments: &["vault", "recipient", "list"] },
    Example { command: &["vault", "recipient", "set-role"], about: "Take away the secrets; rekeys the vault", arguments: &["vault", "recipient", "set-role", "support", "--role", "viewer"] },
    Example { command: &["vault", "recipient", "remove"], about: "Keep somebody out; rekeys the vault if it was an operator", arguments: &["vault", "recipient", "remove", "support"] },
    Example { command: &["doctor"], about: "Look at this machine, the vault and the vendors' hosts", arguments: &["doctor"] },
    Example { command: &["doctor"], about: "Find out why a vendor refuses a connection", arguments: &["doctor", "acme"] },
    Example { command: &["doctor"], about: "Find out why a certificate id is refused before the switch", arguments: &["doctor", "acme", "--certificate-id=5f3a"] },
    Example { command: &["doctor"], about: "Write everything that support needs, without secrets or names", arguments: &["doctor", "acme", "--bundle", "acme-doctor.json"] },
    Example { command: &["status"], about: "See what needs attention", arguments: &["status"] },
    Example { command: &["completion"], about: "Print the script for Bash, which reads it with `source <(tokenctl completion bash)`", arguments: &["completion", "bash"] },
    Example { command: &["completion"], about: "Print the script for fish, which keeps it in ~/.config/fish/completions/tokenctl.fish", arguments: &["completion", "fish"] },
    Example { command: &["man"], about: "Print the page of a command, to be read with `man -l -`", arguments: &["man", "rotate", "confirm"] },
    Example { command: &["man"], about: "Write all pages where man looks for them", arguments: &["man", "--out", "share/man/man1"] },
    Example { command: &["help"], about: "Explain the exit codes", arguments: &["help", "exit-codes"] },
    Example { command: &["help"], about: "List the exit codes for a script", arguments: &["help", "exit-codes", "-o", "plain", "--fields", "code,name"] },
    Example { command: &["help"], about: "List the schema of every command's JSON", arguments: &["help", "output", "-o", "jsonl"] },
    Example { command: &["help"], about: "Print the JSON Schema of what verify answers", arguments: &["help", "schema", "verify/1"] },
];

impl Example {
    /// The command line as it is typed, broken between its words where it is wider than `columns`.
    pub fn lines(&self, columns: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::from("$ tokenctl");
        let mut words = self.arguments.iter().map(|word| quoted(word)).peekable();
        while let Some(word) = words.next() {
            // What goes on needs room for its backslash; a flag takes its value along to the next line.
            let value = words.peek().filter(|next| word.starts_with("--") && !next.starts_with('-'));
            let value = value.map_or(0, |value| 1 + value.chars().count());
            if line.chars().count() + 1 + word.chars().count() + value > columns - 2
                && !line.trim().is_empty()
            {
                lines.push(format!("{line} \\"));
                line = format!("    {word}");
            } else {
                line.push(' ');
                line.push_str(&word);
            }
        }
        lines.push(line);
        lines
    }
}

/// Adds the examples to the long help of the commands below `root`.
pub fn attach(root: clap::Command) -> clap::Command {
    attach_below(root, &mut Vec::new())
}

fn attach_below(command: clap::Command, path: &mut Vec<String>) -> clap::Command {
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let mut command = command;
    for name in names {
        path.push(name.clone());
        let below = &mut *path;
        command = command.mut_subcommand(name, |subcommand| attach_below(subcommand, below));
        path.pop();
    }
    let own: Vec<String> = EXAMPLES
        .iter()
        .filter(|example| example.command == path.as_slice())
        .map(|example| format!("  {}:\n    {}", example.about, example.lines(74).join("\n    ")))
        .collect();
    if own.is_empty() { command } else { command.after_long_help(format!("Examples:\n{}", own.join("\n\n"))) }
}
