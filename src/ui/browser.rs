//! Opens an address in the person's own browser (RFC 8252 section 6), and does not wait for it.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::secret::SecretString;

/// How the browser is started.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// What opens addresses: see [`Surroundings::browser`](super::Surroundings::browser).
    pub program: &'a Path,
    /// The umask that the user set: a browser that we happen to start must not inherit ours.
    pub umask: u32,
    /// Variables that are nobody else's business: ours, the identity among them.
    pub hidden: &'a [String],
}

/// Starts the program that opens `address` and returns at once; what comes of it is seen in the browser alone.
///
/// A plain command and no crate: it is one `exec`, and the search for the program is ours to test.
///
/// The address holds the `state`, and other accounts of this machine may read a command line. That is accepted:
/// every way to a running browser shows it there for a moment, a file that redirects cannot be read by a browser in
/// a sandbox, and the state opens nothing. Who knows it could only bring us an answer of his own: PKCE refuses that
/// where the server knows it, and elsewhere the company is held against the expected one and shown before anything is
/// stored. `--no-browser` keeps it off every command line.
pub fn open(launch: &Launch<'_>, address: &SecretString) -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", r#"umask "$1" && shift && exec "$@""#, "sh", &format!("{:04o}", launch.umask & 0o777)])
        .arg(launch.program)
        .arg(address.expose())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is meant for us, not for a browser that was not running before.
        .process_group(0);
    for name in launch.hidden {
        command.env_remove(name);
    }
    // Nobody waits for it: this process ends soon, and then its parent is whoever collects orphans.
    command.spawn().map(drop)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::secret::Secret;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a program for the test")]
    fn the_program_gets_the_address_alone_and_nobody_waits_for_it() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let (program, seen) = (folder.path().join("opener"), folder.path().join("seen"));
        let script = format!(
            "#!/bin/sh\necho noise; echo noise >&2\n\
             {{ echo $#; echo \"$1\"; umask; echo \"${{HOME-unset}}\"; }} > {0}.part\nmv {0}.part {0}\n\
             while [ -d {1} ]; do sleep 0.1; done\n",
            seen.display(),
            folder.path().display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
        let hidden = ["HOME".to_owned()];
        let launch = Launch { program: &program, umask: 0o027, hidden: &hidden };
        let address = "https://login.example/authorize?a=1&b=$(id);'\"";
        open(&launch, &Secret::new(address.to_owned())).unwrap();
        // It runs until its folder is gone: to come here at all means not to have waited.
        for _ in 0..1000 {
            if seen.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let lines = std::fs::read_to_string(&seen).unwrap();
        assert_eq!(lines.lines().collect::<Vec<_>>(), ["1", address, "0027", "unset"]);
    }
}
