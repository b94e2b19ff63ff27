//! A vendor that sends scripted bytes, for the tests of this module: what no well-behaved server can send.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::domain::connection::{Environment, Provider};
use crate::domain::registration::Registration;
use crate::domain::settings::{ClientAuthentication, GrantKind, MemberSettings, NetsuiteSettings, Settings};
use crate::providers::{self, EndpointRequest, Plan};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one connection once the request is read.
#[derive(Clone)]
pub(crate) enum Script {
    /// Sends these bytes and closes.
    Send(Vec<u8>),
    /// Sends these bytes and keeps the connection open without a word.
    SendAndHang(Vec<u8>),
    /// Sends these bytes, then the others again and again.
    Endless(Vec<u8>, &'static [u8]),
    /// Sends these bytes one at a time, each after the delay.
    Drip(Vec<u8>, Duration),
    /// Closes with a reset.
    Reset,
    /// Closes once that many bytes of the request have come, reading no more of it.
    CloseAfter(usize),
}

/// A scripted server on loopback; gone when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Follows one script per connection, the last one for all further connections.
    pub(crate) async fn start(scripts: Vec<Script>) -> Self {
        super::mutant_tests::seed();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let script = scripts[number.min(scripts.len() - 1)].clone();
                connections.spawn(follow(stream, script, Arc::clone(&seen)));
            }
        });
        Self { address, requests, task }
    }

    /// The token endpoint.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/token", self.address)
    }

    /// The requests so far, headers and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the requests of a test are about.
pub(crate) const CLIENT_ID: &str = "client";

/// Returns the plan of a NetSuite connection whose token endpoint is `url`.
pub(crate) fn netsuite_plan(url: &str) -> Plan {
    let settings = NetsuiteSettings {
        scopes: vec!["restlets".to_owned()],
        token_url: Some(url.parse().unwrap()),
        ..NetsuiteSettings::new("1234567".parse().unwrap(), CLIENT_ID.to_owned())
    };
    plan_of(Provider::Netsuite, &settings.into(), None)
}

/// Returns the plan of a connection that belongs to an app of `provider`, whose token endpoint is `url`.
pub(crate) fn member_plan(provider: Provider, grant: GrantKind, url: &str) -> Plan {
    plan_of(provider, &MemberSettings::new(grant).into(), Some(&registration(url)))
}

/// Returns the plan of a connection at a server of its own, with two scopes and an audience.
pub(crate) fn oauth2_plan(grant: GrantKind, authentication: ClientAuthentication, url: &str) -> Plan {
    let registration = Registration {
        authentication: Some(authentication),
        scopes: vec!["read".to_owned(), "write".to_owned()],
        ..registration(url)
    };
    let settings = MemberSettings { audience: Some("https://api".to_owned()), ..MemberSettings::new(grant) };
    plan_of(Provider::Oauth2, &settings.into(), Some(&registration))
}

/// Returns a registration in the simulator's world with everything else beside the token endpoint.
pub(crate) fn registration(url: &str) -> Registration {
    let mut registration = Registration::new(CLIENT_ID.to_owned());
    registration.server.token_url = Some(url.parse().unwrap());
    registration
}

/// Returns the plan of these settings in the simulator's world.
pub(crate) fn plan_of(provider: Provider, settings: &Settings, registration: Option<&Registration>) -> Plan {
    let environment = Environment::Simulator;
    providers::plan(EndpointRequest { provider, environment, settings, registration }).unwrap()
}

/// Returns a whole answer with the right length.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Script {
    Script::Send(head(status, headers, body.len(), body))
}

/// Returns an answer that announces `length` bytes.
pub(crate) fn head(status: u16, headers: &str, length: usize, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n{body}")
        .into()
}

async fn follow(mut stream: TcpStream, script: Script, seen: Arc<Mutex<Vec<String>>>) {
    if let Script::CloseAfter(count) = script {
        let mut bytes = vec![0; count];
        let _ = stream.read_exact(&mut bytes).await;
        seen.lock().unwrap().push(String::from_utf8_lossy(&bytes).into_owned());
        return;
    }
    let Some(request) = read_request(&mut stream).await else { return };
    seen.lock().unwrap().push(request);
    // The client may go away at any moment; that is its right.
    let _ = perform(&mut stream, script).await;
}

async fn perform(stream: &mut TcpStream, script: Script) -> std::io::Result<()> {
    match script {
        Script::Send(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Script::SendAndHang(bytes) => {
            stream.write_all(&bytes).await?;
            std::future::pending().await
        }
        Script::Endless(bytes, more) => {
            stream.write_all(&bytes).await?;
            loop {
                stream.write_all(more).await?;
            }
        }
        Script::Drip(bytes, delay) => {
            for byte in bytes {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(delay).await;
            }
            Ok(())
        }
        Script::Reset => stream.set_zero_linger(),
        Script::CloseAfter(_) => Ok(()),
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        let mut buffer = [0_u8; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}
