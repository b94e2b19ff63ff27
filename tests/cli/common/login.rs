//! A login under way, and the plainest browser that can finish it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use url::Url;

use super::{Place, Ran};

/// Longer than anything that a login does takes on a busy machine.
const SOON: Duration = Duration::from_mins(1);

/// `tokenctl login` that waits for somebody.
pub(crate) struct Login {
    child: Child,
    /// Where the person is sent.
    pub(crate) address: Url,
    reading: Option<JoinHandle<String>>,
}

impl Login {
    /// Starts the command and waits until it shows an address.
    pub(crate) fn start(command: &mut Command) -> Self {
        let piped = Stdio::piped;
        let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut address) = (String::new(), None);
        while address.is_none() {
            let mut line = String::new();
            let count = stderr.read_line(&mut line).unwrap();
            assert!(count > 0, "it ended without an address: {said}");
            address = line.strip_prefix("  http").and_then(|_| Url::parse(line.trim()).ok());
            said.push_str(&line);
        }
        let reading = std::thread::spawn(move || {
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        Self { child, address: address.unwrap(), reading: Some(reading) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where the vendor sends the browser back to, once it has decided.
    pub(crate) fn consent(&self) -> Url {
        Page::get(&self.address).location()
    }

    /// Follows the browser's way to its end; returns the last page.
    pub(crate) fn browse(&self) -> Page {
        Page::at_the_end_of(&self.address)
    }

    /// Writes a line to standard input.
    pub(crate) fn paste(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Waits for the end. Standard input stays open: nobody needs to close it.
    pub(crate) fn finish(mut self, place: &Place) -> Ran {
        let stdin = self.child.stdin.take();
        let mut stdout = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
        let status = self.child.wait().unwrap();
        drop(stdin);
        let stderr = self.reading.take().unwrap().join().unwrap().into_bytes();
        let mut ran = place.normalise(&std::process::Output { status, stdout, stderr });
        // Where the tests run is no part of what they hold.
        ran.stderr = ran
            .stderr
            .lines()
            .filter(|line| !line.contains("container"))
            .fold(String::new(), |all, line| all + line + "\n");
        ran
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) text: String,
    url: Url,
}

impl Page {
    pub(crate) fn get(url: &Url) -> Self {
        Self::try_get(url).unwrap()
    }

    /// Follows redirects from `address`.
    pub(crate) fn at_the_end_of(address: &Url) -> Self {
        let mut page = Self::get(address);
        while let Some(next) = page.redirect() {
            page = Self::get(&next);
        }
        page
    }

    /// As [`Page::get`], where nobody may answer.
    pub(crate) fn try_get(url: &Url) -> std::io::Result<Self> {
        let port = url.port().unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(SOON))?;
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = url.host_str().unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n")?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Self { text, url: url.clone() })
    }

    /// Where it leads on to.
    pub(crate) fn redirect(&self) -> Option<Url> {
        let found = self.text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then(|| value.trim())
        });
        self.url.join(found?).ok()
    }

    fn location(&self) -> Url {
        self.redirect().unwrap_or_else(|| panic!("{self:?}"))
    }

    pub(crate) fn title(&self) -> &str {
        let (_, rest) = self.text.split_once("<h1>").unwrap_or_else(|| panic!("{self:?}"));
        rest.split("</h1>").next().unwrap()
    }
}

/// A port that is free on both loopback addresses now.
pub(crate) fn free_port() -> u16 {
    loop {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        if TcpListener::bind(("::1", port)).is_ok_and(|other| other.local_addr().is_ok()) {
            return port;
        }
    }
}
