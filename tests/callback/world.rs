//! A listener that waits for one login, and the plainest client that can be rude to it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokenctl::oauth::authorize::{AuthorizationRequest, State};
use tokenctl::oauth::callback::{
    BindRequest, Callback, Expectation, ExpectedIssuer, ExpectedRealm, Listener, Redirect, Redirected,
    Transaction,
};
use tokenctl::secret::{Secret, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

pub(crate) const PATH: &str = "/callback/quickbooks";
pub(crate) const REALM: &str = "9130347597239999";
pub(crate) const CODE: &str = "AB11731000000xyzCODE";
pub(crate) const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(crate) const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Longer than anything that the listener does takes.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A login under way.
pub(crate) struct World {
    pub(crate) callback: Callback,
    pub(crate) transaction: Transaction,
    pub(crate) port: u16,
    /// The state, as the browser sees it.
    pub(crate) state: String,
}

/// What a login expects besides its state.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) issuer: Option<ExpectedIssuer>,
    pub(crate) realm: Option<ExpectedRealm>,
}

/// Switches on the seeded bugs that the variable names, and makes room for connections; every test begins with it.
pub(crate) fn seed() {
    // Some tests hold hundreds of connections, both ends of each.
    let mut files = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    files.current = files.maximum;
    rustix::process::setrlimit(rustix::process::Resource::Nofile, files).unwrap();
    if let Ok(names) = std::env::var("TOKENCTL_TEST_MUTANTS") {
        tokenctl::hooks::seed(&names);
    }
}

impl World {
    /// A login that expects one company, as renewing a QuickBooks connection does.
    pub(crate) async fn start() -> Self {
        let realm = ExpectedRealm { parameter: "realmId", value: Some(REALM.to_owned()) };
        Self::expecting(Expected { realm: Some(realm), issuer: None }).await
    }

    pub(crate) async fn expecting(expected: Expected) -> Self {
        seed();
        let request =
            BindRequest { port: 0, path: PATH.to_owned(), host: "localhost".to_owned(), public_port: None };
        let listener = Listener::bind(&request).await.unwrap();
        let port = listener.port();
        let state = State::new();
        let text = text_of(&state);
        let place = Url::parse(&listener.address()).unwrap();
        let transaction = Transaction::new(Expectation {
            state,
            issuer: expected.issuer,
            realm: expected.realm,
            places: vec![place],
        });
        let callback = listener.expect(transaction.clone());
        Self { callback, transaction, port, state: text }
    }

    /// The target of the genuine redirect.
    pub(crate) fn genuine(&self) -> String {
        format!("{PATH}?code={CODE}&state={}&realmId={REALM}", self.state)
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// What a browser sends for `target`.
    pub(crate) fn get(&self, target: &str) -> Vec<u8> {
        format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nAccept: text/html\r\nAccept-Language: en\r\n\r\n",
            self.host()
        )
        .into_bytes()
    }

    /// Sends `bytes` to the v4 address and returns what came back until the listener closed; `None` for nothing.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Option<Answer> {
        send(V4, self.port, bytes).await
    }

    /// Brings the genuine answer by way of `address`, expects it to be taken, and returns where the browser is sent.
    pub(crate) async fn succeed(&mut self, address: IpAddr) -> String {
        let request = self.get(&self.genuine());
        let answer = send(address, self.port, &request).await.expect("the genuine answer is answered");
        assert_eq!(answer.status, 303, "{answer:?}");
        let Redirected { code, realm } = self.granted().await;
        assert!(code.matches(CODE.as_bytes()), "another code");
        assert_eq!(realm.as_deref(), Some(REALM));
        answer.headers["location"].clone()
    }

    pub(crate) async fn granted(&mut self) -> Redirected {
        match timeout(SOON, self.callback.next()).await.expect("the answer arrives") {
            Redirect::Granted(redirected) => redirected,
            Redirect::Denied(denied) => panic!("{denied:?}"),
            Redirect::Contradicted(contradiction) => panic!("{contradiction}"),
        }
    }
}

/// The state as the browser sees it: there is no other way to read one.
fn text_of(state: &State) -> String {
    let endpoint = Url::parse("https://login.example/authorize").unwrap();
    let request = AuthorizationRequest {
        endpoint: &endpoint,
        client_id: "client",
        redirect_uri: "http://localhost/",
        scopes: &[],
        state,
        challenge: None,
        extra: &[],
    };
    let url = Url::parse(request.url().unwrap().expose()).unwrap();
    url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

pub(crate) fn secret(text: impl Into<String>) -> SecretString {
    Secret::new(text.into())
}

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// All of it.
    pub(crate) raw: String,
}

pub(crate) async fn send(address: IpAddr, port: u16, bytes: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect((address, port)).await.ok()?;
    // A listener that has heard enough may stop reading; what it says counts all the same.
    let _ = timeout(SOON, stream.write_all(bytes)).await.expect("the listener reads or closes");
    receive(&mut stream).await
}

/// Reads an answer until the other side closes; a reset after it is no matter.
pub(crate) async fn receive(stream: &mut TcpStream) -> Option<Answer> {
    let (mut raw, mut chunk) = (Vec::new(), [0; 4096]);
    let reading = async {
        while let Ok(count @ 1..) = stream.read(&mut chunk).await {
            raw.extend_from_slice(&chunk[..count]);
        }
    };
    timeout(4 * SOON, reading).await.expect("the listener closes");
    let raw = String::from_utf8(raw).unwrap();
    let (head, body) = raw.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Some(Answer { status, headers, body: body.to_owned(), raw: raw.clone() })
}

/// A generator of numbers for orders that can be repeated: the seed is in every failure.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // Source: Marsaglia, "Xorshift RNGs" (2003), 64 bits, 13-7-17.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
