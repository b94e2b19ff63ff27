use super::super::client::{Client, ClientOptions};
use super::super::retry::Limits;
use super::super::testing::{Script, Server, answer, plan_of, registration};
use super::*;
use crate::clock::Clock;
use crate::domain::connection::Provider;
use crate::domain::settings::{ClientAuthentication, GrantKind, MemberSettings};

const STARTED: &str = r#"{"device_code":"dev/ice","user_code":"WDJB-MJHT","verification_uri":"https://a.example/device","verification_uri_complete":"https://a.example/device?user_code=WDJB-MJHT","expires_in":600,"interval":1}"#;
const TOKEN: &str =
    r#"{"access_token":"opaque","token_type":"Bearer","expires_in":1800,"refresh_token":"next"}"#;

struct Setting {
    client: Client,
    clock: Clock,
    limits: Limits,
    plan: Plan,
}

impl Setting {
    fn new(server: &Server, seconds: u64) -> Self {
        let clock = Clock::system();
        let mut registration = registration(&server.url());
        registration.authentication = Some(ClientAuthentication::None);
        registration.scopes = vec!["read".to_owned()];
        registration.server.device_url = Some(server.url().replace("/token", "/device").parse().unwrap());
        let settings = MemberSettings::new(GrantKind::RefreshToken).into();
        let mut limits = Limits::new(&clock, Duration::from_secs(seconds), None);
        limits.backoff.first = Duration::from_millis(1);
        let plan = plan_of(Provider::Oauth2, &settings, Some(&registration));
        Self { client: Client::new(ClientOptions::default()).unwrap(), clock, limits, plan }
    }

    fn way(&self) -> Way<'_> {
        Way { client: &self.client, clock: &self.clock, limits: self.limits }
    }

    async fn start(&self) -> Result<DeviceLogin, ExchangeError> {
        start(&self.way(), &self.plan, ClientProof::Nothing).await.map(Option::unwrap)
    }

    async fn wait(&self, login: &DeviceLogin) -> Result<Option<Exchanged>, ExchangeError> {
        wait(&self.way(), &self.plan, ClientProof::Nothing, login).await
    }
}

fn said(code: &str) -> Script {
    answer(400, "", &format!(r#"{{"error":"{code}"}}"#))
}

#[tokio::test]
async fn a_person_is_waited_for() {
    let scripts = vec![
        answer(200, "", STARTED),
        said("authorization_pending"),
        said("slow_down"),
        answer(200, "", TOKEN),
    ];
    let server = Server::start(scripts).await;
    let setting = Setting::new(&server, 30);
    let mut login = setting.start().await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(login.user_code, "WDJB-MJHT");
    assert_eq!(login.verification_url.as_str(), "https://a.example/device");
    assert!(login.complete_url.is_some());
    let seconds = login.expires_at.duration_since(setting.clock.now()).as_secs();
    assert!((590..=600).contains(&seconds), "{seconds}");

    login.interval = Duration::from_millis(50);
    login.step = Duration::from_millis(400);
    let started = setting.clock.instant();
    let exchanged = setting.wait(&login).await.unwrap_or_else(|error| panic!("{error:?}")).unwrap();
    assert_eq!(exchanged.refresh.unwrap().token.expose(), "next");
    // 50 and 50 ms, and 450 after being asked to slow down.
    assert!(setting.clock.instant().duration_since(started) >= Duration::from_millis(550));

    let bodies: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.split_once("\r\n\r\n").unwrap().1.to_owned())
        .collect();
    assert_eq!(bodies[0], "scope=read&client_id=client");
    let poll = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=dev%2Fice&client_id=client";
    assert_eq!(bodies[1..], [poll, poll, poll]);
}

#[tokio::test]
async fn an_answer_that_did_not_come_is_asked_for_again() {
    let scripts = vec![answer(200, "", STARTED), Script::Reset, answer(503, "", ""), answer(200, "", TOKEN)];
    let server = Server::start(scripts).await;
    let setting = Setting::new(&server, 30);
    let mut login = setting.start().await.unwrap_or_else(|error| panic!("{error:?}"));
    login.interval = Duration::from_millis(20);
    assert!(setting.wait(&login).await.unwrap_or_else(|error| panic!("{error:?}")).is_some());
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_no_is_a_no() {
    for code in ["access_denied", "expired_token", "invalid_grant", "made_up"] {
        let server = Server::start(vec![answer(200, "", STARTED), said(code)]).await;
        let setting = Setting::new(&server, 30);
        let mut login = setting.start().await.unwrap_or_else(|error| panic!("{error:?}"));
        login.interval = Duration::from_millis(1);
        let error = setting.wait(&login).await.err().unwrap();
        assert_eq!(error.vendor_code(), Some(code));
        assert_eq!(server.requests().len(), 2, "{code}");
    }
}

#[tokio::test]
async fn time_is_over_at_the_deadline_and_when_the_server_gives_up() {
    let server = Server::start(vec![answer(200, "", STARTED), said("authorization_pending")]).await;
    let setting = Setting::new(&server, 1);
    let mut login = setting.start().await.unwrap_or_else(|error| panic!("{error:?}"));
    login.interval = Duration::from_millis(200);
    assert!(setting.wait(&login).await.unwrap_or_else(|error| panic!("{error:?}")).is_none());
    let asked = server.requests().len();
    assert!((2..=7).contains(&asked), "{asked}");
    login.expires_at = setting.clock.now();
    assert!(setting.wait(&login).await.unwrap_or_else(|error| panic!("{error:?}")).is_none());
    assert_eq!(server.requests().len(), asked);
}

#[tokio::test]
async fn beginnings_that_are_none() {
    let with = |from: &str, to: &str| answer(200, "", &STARTED.replace(from, to));
    for (name, script) in [
        ("no code", with(r#""device_code":"dev/ice","#, "")),
        ("an escape sequence to type", with("WDJB-MJHT", r"\u001b[31m")),
        ("a long code", with("WDJB-MJHT", &"A".repeat(65))),
        ("a script for a page", with("https://a.example/device\"", "javascript:alert(1)\"")),
        ("a page in the open", with("https://a.example/device\"", "http://a.example/device\"")),
        ("html", answer(200, "", "<html>")),
        ("not there", answer(404, "", "")),
        ("refused", said("invalid_client")),
    ] {
        let server = Server::start(vec![script]).await;
        let error = Setting::new(&server, 5).start().await.err();
        assert!(error.is_some(), "{name}");
        assert!(!format!("{error:?}").contains("dev/ice"), "{name}");
    }
    let server = Server::start(vec![answer(200, "", &STARTED.replace("_uri", "_url"))]).await;
    assert!(Setting::new(&server, 5).start().await.is_ok(), "an early draft's names");
    let slow = STARTED.replace(r#""interval":1"#, r#""interval":4000000000"#);
    let server = Server::start(vec![answer(200, "", &slow)]).await;
    assert_eq!(Setting::new(&server, 5).start().await.ok().unwrap().interval, LONGEST_INTERVAL);
}
