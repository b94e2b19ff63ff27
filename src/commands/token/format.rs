//! How a token is written for those who asked for it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::cli::token::TokenFormat;
use crate::domain::token::Staleness;
use crate::ops::tokens::Issued;
use crate::output::json;
use crate::output::reports::token::TokenData;
use crate::secret::{Secret, SecretBytes};

/// Returns a remaining lifetime as it is asked for.
pub(in crate::commands) fn remainder(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// Returns the token as `format` has it, ended by a line feed; `warnings` are part of the envelope alone.
pub(in crate::commands) fn render(
    issued: &Issued,
    format: TokenFormat,
    now: Timestamp,
    warnings: &[String],
) -> SecretBytes {
    let token = issued.token.value.expose();
    match format {
        TokenFormat::Raw => line(&["", token, ""]),
        TokenFormat::Header => line(&["Authorization: Bearer ", token, ""]),
        TokenFormat::Env => assignment(token),
        TokenFormat::ExecCredential => exec_credential(token, issued.token.facts.expires_at),
        TokenFormat::Json => {
            let facts = &issued.token.facts;
            let data = TokenData {
                connection: issued.connection.name.as_str(),
                connection_id: issued.connection.id.as_str(),
                access_token: token,
                token_type: "Bearer",
                obtained_at: facts.obtained_at,
                expires_at: facts.expires_at,
                expires_in: facts.expires_at.duration_since(now).as_secs(),
                refreshed: issued.obtained.map(Staleness::as_str),
            };
            // An escape takes at most six bytes for one.
            json::secret_envelope("token/1", &data, warnings, 6 * token.len() + 4096)
        }
    }
}

/// A shell takes everything between single quotes as it is but the quote itself.
fn assignment(token: &str) -> SecretBytes {
    line(&["TOKENCTL_TOKEN='", &Zeroizing::new(token.replace('\'', "'\\''")), "'"])
}

/// What kubectl expects of a credential plug-in (Kubernetes, client.authentication.k8s.io/v1).
fn exec_credential(token: &str, expires_at: Timestamp) -> SecretBytes {
    // Visible ASCII: of what JSON escapes, a token can hold these two.
    let token = Zeroizing::new(token.replace('\\', "\\\\").replace('"', "\\\""));
    // Whole seconds: some clients take no others (RFC 3339 leaves the fraction out at will).
    let expires_at = expires_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    line(&[
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"expirationTimestamp":""#,
        &expires_at,
        r#"","token":""#,
        &token,
        r#""}}"#,
    ])
}

/// Joins `parts` and a line feed in one allocation: a buffer that grows would leave copies behind.
fn line(parts: &[&str]) -> SecretBytes {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 1);
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.push(b'\n');
    Secret::new(bytes)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Everything that a token can hold: visible ASCII.
    fn worst() -> String {
        ('!'..='~').collect::<String>() + "$(id)`id`'\"\\\\'"
    }

    #[test]
    fn shells_understand_the_assignment() {
        let script = String::from_utf8(assignment(&worst()).expose().clone()).unwrap();
        for shell in ["sh", "bash", "dash"] {
            let mut command = Command::new(shell);
            command.args(["-c", r#"eval "$1"; printf %s "$TOKENCTL_TOKEN""#, "sh", &script]);
            // `sh` is always there, the others are tried where they are.
            let output = match command.output() {
                Ok(output) => output,
                Err(error) => {
                    assert_ne!(shell, "sh", "{error}");
                    continue;
                }
            };
            assert_eq!(String::from_utf8(output.stdout).unwrap(), worst(), "{shell}");
        }
    }

    #[test]
    fn the_credential_is_json() {
        let expires_at = "2027-03-01T13:00:00.25Z".parse().unwrap();
        let bytes = exec_credential(&worst(), expires_at);
        let credential: serde_json::Value = serde_json::from_slice(bytes.expose()).unwrap();
        assert_eq!(credential["status"]["token"], worst());
        assert_eq!(credential["status"]["expirationTimestamp"], "2027-03-01T13:00:00Z");
    }
}
