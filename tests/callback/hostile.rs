//! Hostile requests, in many orders, and then the genuine one.

use tokenctl::oauth::callback::Outcome;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::proof::reached;
use crate::world::{CODE, Dice, PATH, REALM, V4, V6, World, send};

/// Stands in every hostile request and must stand in no answer.
const CANARY: &str = "zq7canary";

/// A request and what it must get.
struct Hostile {
    name: &'static str,
    bytes: Vec<u8>,
    /// One of these; none if it must be cut off without a word.
    statuses: &'static [u16],
}

/// Everything rude that comes to mind. `state` is the right one only where the request must fail for another reason.
fn hostile(world: &World) -> Vec<Hostile> {
    let (state, host, port) = (&world.state, world.host(), world.port);
    let mut all = Vec::new();
    let mut add = |name, bytes: Vec<u8>, statuses| all.push(Hostile { name, bytes, statuses });
    let get = |query: &str| world.get(&format!("{PATH}?{query}&x={CANARY}"));
    let with = |line: &str, headers: &str| format!("{line}\r\n{headers}\r\n\r\n").into_bytes();
    let genuine = world.genuine();

    add("favicon", world.get("/favicon.ico"), &[404]);
    add("the root", world.get(&format!("/?{CANARY}")), &[404]);
    add("no query", world.get(PATH), &[400]);
    add("no state", get(&format!("code={CODE}&realmId={REALM}")), &[400]);
    add("an empty state", get(&format!("code={CODE}&state=&realmId={REALM}")), &[400]);
    add("a wrong state", get(&format!("code={CODE}&state={CANARY}&realmId={REALM}")), &[400]);
    add("a state that is cut short", get(&format!("code={CODE}&state={}", &state[1..])), &[400]);
    add("a state with more", get(&format!("code={CODE}&state={state}A")), &[400]);
    add("the state in other letters", get(&format!("code={CODE}&state={}", state.to_lowercase())), &[400]);
    add("the right state twice", get(&format!("code={CODE}&state={state}&state={state}")), &[400]);
    add("a wrong state and the right one", get(&format!("code={CODE}&state=a&state={state}")), &[400]);
    add(
        "an error without a state",
        get("error=access_denied&error_description=<script>alert(1)</script>"),
        &[400],
    );
    add("an error with a wrong state", get(&format!("error={CANARY}&state={CANARY}")), &[400]);
    add("an error before the state", get(&format!("error=access_denied&state={CANARY}&code={CODE}")), &[400]);
    add("no code", get(&format!("state={state}&realmId={REALM}")), &[400]);
    add("an empty code", get(&format!("code=&state={state}&realmId={REALM}")), &[400]);
    add("two codes", get(&format!("code=a&code={CODE}&state={state}&realmId={REALM}")), &[400]);
    add("two realms", get(&format!("code={CODE}&state={state}&realmId=1&realmId={REALM}")), &[400]);
    add("a code and an error", get(&format!("code={CODE}&error=e&state={state}&realmId={REALM}")), &[400]);
    add("an empty error", get(&format!("error=&state={state}")), &[400]);
    add("a code with a control byte", get(&format!("code=a%00b&state={state}&realmId={REALM}")), &[400]);
    add("a code that is too long", get(&format!("code={}&state={state}", "a".repeat(5000))), &[400]);
    add("a realm with a line break", get(&format!("code={CODE}&state={state}&realmId=1%0d%0a2")), &[400]);

    for (name, path) in [
        ("another path", "/callback/netsuite"),
        ("the path with a slash", "/callback/quickbooks/"),
        ("the path with two slashes", "//callback/quickbooks"),
        ("the path in capitals", "/CALLBACK/QUICKBOOKS"),
        ("the path with escapes", "/callback/%71uickbooks"),
        ("the path with dots", "/x/../callback/quickbooks"),
        ("below the path", "/callback/quickbooks/0123456789abcdef0123456789abcdef"),
    ] {
        add(name, world.get(&genuine.replace(PATH, path)), &[404]);
    }
    for (name, foreign) in [
        ("a foreign host", format!("{CANARY}.example:{port}")),
        ("a host that resolves here", format!("localhost.{CANARY}.example:{port}")),
        ("the host without its port", "localhost".to_owned()),
        ("the host with another port", "localhost:1".to_owned()),
        ("the address for the name", format!("127.0.0.1:{port}")),
        ("an empty host", String::new()),
    ] {
        add(name, with(&format!("GET {genuine} HTTP/1.1"), &format!("Host: {foreign}")), &[421]);
    }
    add("no host", with(&format!("GET {genuine} HTTP/1.1"), "Accept: */*"), &[400]);
    add("no host in HTTP/1.0", with(&format!("GET {genuine} HTTP/1.0"), "Accept: */*"), &[400]);
    add(
        "two hosts",
        with(&format!("GET {genuine} HTTP/1.1"), &format!("Host: {host}\r\nHost: {host}")),
        &[400],
    );
    let absolute = format!("GET http://{host}{genuine} HTTP/1.1");
    add("a target for a proxy", with(&absolute, &format!("Host: {host}")), &[400]);
    for method in ["POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "get"] {
        let line = format!("{method} {genuine} HTTP/1.1");
        add("another method", with(&line, &format!("Host: {host}\r\nContent-Length: 0")), &[405]);
    }
    let form = format!("code={CODE}&state={state}&realmId={REALM}");
    let with_form =
        format!("POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{form}", form.len());
    add("a form", with_form.into_bytes(), &[405]);

    let big = format!("Host: {host}\r\nCookie: {}", "c".repeat(1024 * 1024));
    add("a header of 1 MB", with(&format!("GET {genuine} HTTP/1.1"), &big), &[431]);
    let many = format!("Host: {host}{}", format!("\r\nX-{CANARY}: 1").repeat(500));
    add("500 headers", with(&format!("GET {genuine} HTTP/1.1"), &many), &[431]);
    add("a target of 1 MB", get(&"a".repeat(1024 * 1024)), &[414, 431]);
    add("a target of 66 KB", get(&"a".repeat(66 * 1024)), &[414, 431]);
    add("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03zq7canary\r\n\r\n".to_vec(), &[400]);
    add("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[]);
    add("no HTTP", format!("{CANARY}\r\n\r\n").into_bytes(), &[400]);
    all
}

/// Answers must be refusals, the same for everybody.
async fn refused(world: &World, hostile: &Hostile, address: std::net::IpAddr) {
    let name = hostile.name;
    let answer = send(address, world.port, &hostile.bytes).await;
    assert!(!world.transaction.is_over(), "{name} has used up the state");
    let Some(answer) = answer else {
        assert!(hostile.statuses.is_empty(), "{name}: no answer");
        return;
    };
    assert!(hostile.statuses.contains(&answer.status), "{name}: {answer:?}");
    for secret in [CANARY, CODE, &world.state, "<script", "access_denied"] {
        assert!(!answer.raw.contains(secret), "{name}: `{secret}` comes back in {answer:?}");
    }
    assert!(!answer.headers.contains_key("location"), "{name}: {answer:?}");
}

async fn story(seed: u64) -> usize {
    let mut dice = Dice(seed);
    let mut world = World::start().await;
    let mut requests = hostile(&world);
    dice.shuffle(&mut requests);
    requests.truncate(1 + dice.below(12));
    // Connections that stay open meanwhile, with nothing or half a request on them.
    let mut idle = Vec::new();
    for _ in 0..dice.below(6) {
        let mut stream = TcpStream::connect((V4, world.port)).await.unwrap();
        let genuine = world.get(&world.genuine());
        stream.write_all(&genuine[..dice.below(genuine.len() - 3)]).await.unwrap();
        idle.push(stream);
    }
    for request in &requests {
        refused(&world, request, if dice.below(2) == 0 { V4 } else { V6 }).await;
    }
    let onward = world.succeed(if dice.below(2) == 0 { V4 } else { V6 }).await;
    let page = world.get(&onward);
    let (page, ()) = tokio::join!(send(V4, world.port, &page), world.callback.conclude(Outcome::Connected));
    let page = page.unwrap_or_else(|| panic!("seed {seed}: the page did not arrive"));
    assert!(page.status == 200 && page.body.contains("You are connected"), "seed {seed}: {page:?}");
    requests.len()
}

#[tokio::test]
async fn every_hostile_request_is_refused_in_its_way() {
    let world = World::start().await;
    for request in hostile(&world) {
        refused(&world, &request, V4).await;
    }
}

#[tokio::test]
async fn the_genuine_answer_arrives_whatever_came_before() {
    for seed in 1..=40 {
        story(seed).await;
    }
}

#[tokio::test]
#[ignore = "long: thousands of orders"]
async fn the_genuine_answer_arrives_in_thousands_of_orders() {
    let mut requests = 0;
    for seed in 1000..4000 {
        requests += story(seed).await;
    }
    reached("R11", format!("3000 logins, {requests} hostile requests before them"), 0);
}

#[tokio::test]
async fn hostile_requests_by_the_hundred_at_once_hold_nobody_up() {
    let mut world = World::start().await;
    let requests = hostile(&world);
    let port = world.port;
    let flood: Vec<_> = (0..300)
        .map(|number| requests[number % requests.len()].bytes.clone())
        .map(|bytes| tokio::spawn(async move { send(V4, port, &bytes).await }))
        .collect();
    world.succeed(V6).await;
    for one in flood {
        let answer = one.await.unwrap();
        // Those that were cut off to make room say nothing; all others refuse, but for the result's page.
        assert!(answer.is_none_or(|answer| (400..500).contains(&answer.status)));
    }
}
