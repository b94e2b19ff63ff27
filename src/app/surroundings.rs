//! Finds out where the command runs, as far as a browser is concerned.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{App, Environment};
use crate::ui::Surroundings;
use crate::ui::surroundings::{Ssh, is_container, is_wsl, openers};

impl App {
    /// Returns what is known of the machine and of the way the person sits at it.
    pub fn surroundings(&self) -> Surroundings {
        let uname = rustix::system::uname();
        let wsl = is_wsl(&uname.release().to_string_lossy());
        let macos = cfg!(target_os = "macos");
        let groups = std::fs::read_to_string("/proc/1/cgroup").unwrap_or_default();
        let marked = ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists());
        Surroundings {
            ssh: ssh(&self.environment, &uname.nodename().to_string_lossy()),
            wsl,
            container: marked || is_container(&groups),
            macos,
            display: ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| self.environment.text(name).is_some()),
            opener: openers(wsl, macos).iter().find_map(|name| self.find_program(name)),
        }
    }

    fn find_program(&self, name: &str) -> Option<PathBuf> {
        let is_program = |path: &PathBuf| {
            path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        };
        // Nothing is looked for in the current folder: it may be anybody's.
        std::env::split_paths(&self.search_path()?)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(name))
            .find(is_program)
    }
}

fn ssh(environment: &Environment, own_name: &str) -> Option<Ssh> {
    let connection = environment.text("SSH_CONNECTION");
    if connection.is_none() && environment.text("SSH_TTY").is_none() {
        return None;
    }
    let user = environment.text("USER").or_else(|| environment.text("LOGNAME"));
    Some(Ssh::new(connection.as_deref(), user, own_name))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn ssh_is_noticed_by_either_variable() {
        let environment = |pairs: &[(&str, &str)]| {
            Environment::new(pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
        };
        assert_eq!(ssh(&environment(&[("USER", "ann")]), "here"), None);
        let by_terminal = ssh(&environment(&[("SSH_TTY", "/dev/pts/1"), ("LOGNAME", "ann")]), "here");
        assert_eq!(by_terminal.unwrap().forward(80), "ssh -L 80:localhost:80 ann@here");
        let connection = [("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22"), ("USER", "ann")];
        assert_eq!(ssh(&environment(&connection), "here").unwrap().host, "192.0.2.2");
    }
}
