//! `tokenctl login`

use clap::Args;
use url::Url;

use crate::domain::ids::ConnectionName;

/// `login`
#[derive(Debug, Args)]
#[command(long_about = LONG)]
pub struct LoginArgs {
    /// Name of the app whose keys ask for access
    pub app: String,
    /// Name of the connection to make or to renew [default: by the company that is chosen]
    #[arg(long, value_name = "CONNECTION")]
    pub name: Option<ConnectionName>,
    /// Company that the connection belongs to [default: as the vendor calls it]
    #[arg(long, value_name = "TEXT")]
    pub company: Option<String>,
    /// Where the vendor sends the browser back to, exactly as it is registered [default: the app's]
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Option<Url>,
    /// Port of this machine to listen on, where the redirect URI is a page that forwards to it; 0 takes a free one
    /// [default: the redirect URI's]
    #[arg(long, value_name = "PORT", conflicts_with = "paste")]
    pub listen: Option<u16>,
    /// Listen on no port; ask for the address that the browser ends at
    #[arg(long)]
    pub paste: bool,
    /// Print the address and open no browser
    #[arg(long)]
    pub no_browser: bool,
}

/// What `login --help` and the man page say.
const LONG: &str = "Connect a company through the browser

Opens the vendor's page, waits for the browser to come back, exchanges the code once, asks the vendor which company it \
is, and stores the grant. The address is printed as well, for a browser that opens elsewhere. Whichever comes first \
counts: the browser, or the address that it ended at, pasted into the terminal.

The port is taken on 127.0.0.1 and on ::1 before anything is opened; if somebody else has it, nothing is opened (exit \
code 5). By SSH the line that leads a port of the machine in front of you to this one is printed; in a container, where \
no browser can reach it, paste the address.

Intuit takes http://localhost:PORT/… for development keys alone. Production keys need an https page of your own that \
forwards to --listen, or any https page from whose address bar you paste with --paste.

A login to a company that is connected already renews that connection. If --name belongs to another company than the one \
chosen in the browser, nothing is exchanged (exit code 5). --timeout bounds the wait for the browser, 5m unless given; \
when it is over, or after Ctrl-C, nothing was changed.";

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
        for line in
            ["login", "login intuit --paste --listen 1", "login intuit --listen 70000", "login a --name -"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
