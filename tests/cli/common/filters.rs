//! What differs from run to run, replaced for snapshots.

/// Replaces ids, keys, fingerprints, ports and latencies in the snapshots of this scope.
pub(crate) fn filtered() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    for (pattern, replacement) in [
        (r"tkpin1[0-9A-Za-z_-]+", "[PIN]"),
        (r"age1[0-9a-z]{50,}", "[AGE KEY]"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
        (r"-----BEGIN CERTIFICATE-----(?s:.)+?-----END CERTIFICATE-----", "[CERTIFICATE]"),
        (r"eyJ[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+", "[TOKEN]"),
        (r"state=[0-9A-Za-z_-]{43}", "state=[STATE]"),
        (r"code_challenge=[0-9A-Za-z_-]{43}", "code_challenge=[CHALLENGE]"),
        (r"(localhost|127\.0\.0\.1)%3A\d+", "$1%3A[PORT]"),
        (r"localhost:\d+", "localhost:[PORT]"),
        (r"\b1-[0-9A-Za-z_-]{18,}", "[REQUEST ID]"),
        (r"\b[0-9a-f]{64}\b", "[SHA-256]"),
        (r"\b[0-9a-f]{32}\b", "[ID]"),
        (r"([0-9a-f]{2}:){5,}[0-9a-f]{2}", "[HEX]"),
        (r"\b[0-9a-f]{16}\b", "[SHORT]"),
        (r"acme-[0-9a-f]{8}\.pem", "acme-[START].pem"),
        // A certificate id of the simulator; 43 characters of base64url.
        (r"(?m)(^|[ =`])[0-9A-Za-z_-]{43}\b", "$1[CERTIFICATE ID]"),
        (r" +\d+ ms", " [TIME] ms"),
        // The column is as wide as its slowest answer.
        (r" +TIME  MESSAGE", "  TIME  MESSAGE"),
        (r"request id is 1-[0-9A-Za-z]+", "request id is [REQUEST ID]"),
        (r"\(os error \d+\)", "(os error)"),
    ] {
        settings.add_filter(pattern, replacement);
    }
    settings.bind_to_scope()
}
