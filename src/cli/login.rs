//! `tokenctl login`

use clap::Args;

use super::DryRun;
use crate::domain::ids::{AppName, ConnectionName};

/// `login`
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// Name of the app whose keys ask for access
    pub app: AppName,
    /// Name of the connection to make or to renew [default: by the company that is chosen]
    #[arg(long, value_name = "CONNECTION")]
    pub name: Option<ConnectionName>,
    /// Company that the connection belongs to [default: as the vendor calls it]
    #[arg(long, value_name = "TEXT")]
    pub company: Option<String>,
    /// Where the vendor sends the browser back to, exactly as it is registered [default: the app's]
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Option<String>,
    /// Port of this machine to listen on; 0 takes a free one [default: the redirect URI's, else 8765]
    #[arg(long, value_name = "PORT", conflicts_with = "paste")]
    pub listen: Option<u16>,
    /// Listen on no port; read the address that the browser ends at from the terminal or standard input
    #[arg(long)]
    pub paste: bool,
    /// Print the address and open no browser
    #[arg(long)]
    pub no_browser: bool,
    /// Log in on another machine with a code that is shown here (RFC 8628)
    #[arg(long, conflicts_with_all = ["redirect_uri", "listen", "paste"])]
    pub device: bool,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// What `login --help` and the man page say.
pub(super) const LONG: &str = "Connect a company through the browser

Opens the vendor's page, waits for the browser to come back, exchanges the code once, asks the vendor which company it \
is, and stores the grant. The address is printed as well, for a browser that opens elsewhere. Whichever comes first \
counts: the browser, or the address that it ended at, pasted into the terminal.

The port is taken on 127.0.0.1 and on ::1 before anything is opened; if somebody else has it, nothing is opened (exit \
code 5). By SSH the line that leads a port of the machine in front of you to this one is printed; in a container, where \
no browser outside can reach it, paste the address.

Intuit takes http://localhost:PORT/… for development keys alone: register http://localhost:8765/quickbooks/callback with \
them, or choose the port with --listen. Production keys need an https page of your own, set with `app set APP \
--redirect-uri` or --redirect-uri: one that forwards to http://localhost:8765/quickbooks/callback (--listen for another \
port), or any page at all from whose address bar you paste. Other servers send the browser to \
http://127.0.0.1:PORT/oauth2/callback, with a free port unless --listen names one.

A login to a company that is connected already renews that connection. If --name belongs to another company than the one \
chosen in the browser, nothing is exchanged (exit code 5). --timeout bounds the wait for the person, 5m unless given; \
when it is over (exit code 6), or after Ctrl-C, nothing was changed. A grant that came and could not be stored where it \
belongs is kept apart, sealed, until `token import --quarantined` takes it over.";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        login: LoginArgs,
    }

    #[test]
    fn the_port_and_pasting_exclude_each_other() {
        let parse = |line: &str| Alone::try_parse_from(line.split(' ')).map(|alone| alone.login);
        let login = parse("login intuit-dev --name acme --listen 8765 --no-browser").unwrap();
        assert_eq!((login.app.as_str(), login.listen), ("intuit-dev", Some(8765)));
        assert!(parse("login intuit --paste --redirect-uri https://connect.example.com/cb").unwrap().paste);
        for line in [
            "login",
            "login intuit --paste --listen 1",
            "login intuit --device --paste",
            "login intuit --listen 70000",
            "login a --name -",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
