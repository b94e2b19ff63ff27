//! Where the command runs, as far as a browser is concerned: pure; `app` fills it in.

use std::path::PathBuf;

/// What is known of the machine and of the way the person sits at it.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub struct Surroundings {
    /// The session came in by SSH.
    pub ssh: Option<Ssh>,
    /// Windows runs the browser, Linux runs us.
    pub wsl: bool,
    /// The listener's loopback is the container's own: no browser outside reaches it.
    pub container: bool,
    /// macOS, whose windows need no display variable.
    pub macos: bool,
    /// `DISPLAY` or `WAYLAND_DISPLAY` is set.
    pub display: bool,
    /// The program that opens an address, found on the search path: see [`openers`].
    pub opener: Option<PathBuf>,
}

/// An SSH session, as far as the other end's command line needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// Who is logged in here.
    pub user: Option<String>,
    /// The address by which this machine was reached.
    pub host: String,
    /// The port by which this machine was reached.
    pub port: u16,
}

/// Why no browser is opened; the text completes "no browser is opened: …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoBrowser {
    /// The browser is on the machine that the person sits at.
    #[error("this is an SSH session")]
    Ssh,
    /// The browser is outside.
    #[error("this is a container")]
    Container,
    /// There is no screen here.
    #[error("there is no display")]
    Display,
    /// Nothing here opens addresses.
    #[error("no program here opens addresses")]
    Program,
}

impl Ssh {
    /// Reads `SSH_CONNECTION`: the client's address and port, then this machine's (ssh(1), ENVIRONMENT).
    ///
    /// What it does not tell is made up for by this machine's own name and the usual port.
    pub fn new(connection: Option<&str>, user: Option<String>, own_name: &str) -> Self {
        // They stand in a command line that somebody copies: addresses, and names of harmless characters.
        let harmless = |text: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:%_-".contains(&byte))
        };
        let mut words = connection.unwrap_or_default().split_ascii_whitespace().skip(2);
        let host = [words.next().unwrap_or_default(), own_name].into_iter().find(|host| harmless(host));
        Self {
            user: user.filter(|user| harmless(user)),
            host: host.unwrap_or("HOST").to_owned(),
            port: words.next().and_then(|port| port.parse().ok()).unwrap_or(22),
        }
    }

    /// Returns the command that leads `port` of the other end's loopback to this machine's.
    pub fn forward(&self, port: u16) -> String {
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let option = if self.port == 22 { String::new() } else { format!("-p {} ", self.port) };
        format!("ssh {option}-L {port}:localhost:{port} {user}{}", self.host)
    }
}

impl Surroundings {
    /// Returns the program that opens an address here, or why that makes no sense.
    pub fn browser(&self) -> Result<&PathBuf, NoBrowser> {
        if self.ssh.is_some() {
            // X11 forwarding would show a browser that runs here, slowly; nobody who logs in by SSH wants it unasked.
            return Err(NoBrowser::Ssh);
        }
        if self.container {
            return Err(NoBrowser::Container);
        }
        if !(self.wsl || self.macos || self.display) {
            return Err(NoBrowser::Display);
        }
        self.opener.as_ref().ok_or(NoBrowser::Program)
    }

    /// Returns the command that brings a browser elsewhere to the listener on `port`, where one is needed.
    pub fn forward(&self, port: u16) -> Option<String> {
        self.ssh.as_ref().map(|ssh| ssh.forward(port))
    }

    /// Whether a browser elsewhere can never reach a listener here, so that the address has to be pasted.
    pub fn must_paste(&self) -> bool {
        self.container
    }
}

/// Returns the names of the programs that open an address, best first.
pub fn openers(wsl: bool, macos: bool) -> &'static [&'static str] {
    match (macos, wsl) {
        (true, _) => &["open"],
        // `wslview` hands the address to Windows; without it a browser inside WSL will do. Not `cmd.exe /c start`:
        // it takes the `&` of an address for the end of a command.
        (false, true) => &["wslview", "xdg-open"],
        (false, false) => &["xdg-open"],
    }
}

/// Whether a kernel release, as uname(2) gives it, is that of WSL.
pub fn is_wsl(release: &str) -> bool {
    let release = release.to_ascii_lowercase();
    release.contains("microsoft") || release.contains("wsl")
}

/// Whether the control groups of process 1 are those of a container (cgroup v1; v2 hides them, and then the files
/// that Docker and Podman leave tell).
pub fn is_container(groups: &str) -> bool {
    ["/docker", "/kubepods", "/containerd", "/libpod", "/lxc"].iter().any(|mark| groups.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desktop() -> Surroundings {
        Surroundings { display: true, opener: Some(PathBuf::from("/usr/bin/xdg-open")), ..Default::default() }
    }

    #[test]
    fn a_browser_is_opened_where_somebody_would_see_it() {
        assert!(desktop().browser().is_ok());
        let ssh = Some(Ssh::new(None, None, "build"));
        for (surroundings, expected) in [
            (Surroundings { ssh, ..desktop() }, NoBrowser::Ssh),
            (Surroundings { container: true, ..desktop() }, NoBrowser::Container),
            (Surroundings { display: false, ..desktop() }, NoBrowser::Display),
            (Surroundings { opener: None, ..desktop() }, NoBrowser::Program),
        ] {
            assert_eq!(surroundings.browser(), Err(expected));
        }
        for elsewhere in [
            Surroundings { wsl: true, display: false, ..desktop() },
            Surroundings { macos: true, display: false, ..desktop() },
        ] {
            assert!(elsewhere.browser().is_ok(), "{elsewhere:?}");
        }
    }

    #[test]
    fn the_ssh_line_can_be_copied_as_it_is() {
        let line = |connection, user: &str| {
            Ssh::new(connection, Some(user.to_owned()), "build.example").forward(8765)
        };
        let here = Some("203.0.113.9 50022 198.51.100.7 22");
        assert_eq!(line(here, "ann"), "ssh -L 8765:localhost:8765 ann@198.51.100.7");
        assert_eq!(
            line(Some("2001:db8::9 1 2001:db8::7 2222"), "ann"),
            "ssh -p 2222 -L 8765:localhost:8765 ann@2001:db8::7"
        );
        assert_eq!(line(None, "ann"), "ssh -L 8765:localhost:8765 ann@build.example");
        let hostile = Some("a 1 -oProxyCommand=x;y 22");
        assert_eq!(line(hostile, "$(id)"), "ssh -L 8765:localhost:8765 build.example");
    }

    #[test]
    fn systems_are_told_apart() {
        assert!(is_wsl("5.15.167.4-microsoft-standard-WSL2") && is_wsl("4.4.0-19041-Microsoft"));
        assert!(!is_wsl("6.1.0-41-amd64"));
        assert!(is_container("12:pids:/docker/0af3\n") && is_container("0::/kubepods/besteffort/pod1\n"));
        assert!(!is_container("0::/init.scope\n") && !is_container(""));
        assert_eq!(openers(true, false)[0], "wslview");
        assert_eq!(openers(false, true), ["open"]);
    }
}
