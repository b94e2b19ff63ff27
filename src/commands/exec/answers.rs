//! What the socket of `exec --live` answers with.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::app::App;
use crate::broker::socket::{Answer, Answers, Asked};
use crate::cli::token::TokenFormat;
use crate::clock::Clock;
use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::commands::token::format::render;
use crate::domain::ids::ConnectionName;
use crate::domain::token::Demand;
use crate::ops::{Session, tokens};
use crate::output::json;
use crate::secret::Secret;

/// Tokens of some connections, for as long as the program runs.
pub(super) struct Tokens {
    session: Arc<Session>,
    demand: Demand,
    /// How long one request may take.
    patience: Duration,
    clock: Clock,
    /// Each connection that is served: asked for by one request at a time, so that none waits for a lock that another
    /// one of this process holds.
    served: Vec<(ConnectionName, Mutex<()>)>,
}

impl Tokens {
    pub(super) fn new(
        app: &App,
        session: Arc<Session>,
        (names, demand): (&[ConnectionName], Demand),
    ) -> Self {
        let served = names.iter().map(|name| (name.clone(), Mutex::default())).collect();
        let (patience, clock) = (app.settings.deadline, app.clock.clone());
        Self { session, demand, patience, clock, served }
    }
}

impl Answers for Tokens {
    async fn answer(&self, asked: Asked) -> Answer {
        let wanted = asked.connection.parse::<ConnectionName>().ok();
        let Some((name, turn)) = self.served.iter().find(|(name, _)| wanted.as_ref() == Some(name)) else {
            let failure = CommandError::new(Exit::NotFound, "no such connection is served here");
            return refusal(&failure);
        };
        let _turn = turn.lock().await;
        let session = self.session.until(self.clock.instant() + self.patience);
        let (name, demand) = (name.clone(), self.demand);
        let runtime = Handle::current();
        // Why: a lock that another process holds is waited for by blocking; and a refresh that has begun comes to its
        // end although whoever asked has gone away.
        let work =
            tokio::task::spawn_blocking(move || runtime.block_on(tokens::get(&session, &name, demand)));
        match work.await {
            Ok(Ok(issued)) => {
                let format = if asked.raw { TokenFormat::Raw } else { TokenFormat::Json };
                let body = render(&issued, format, self.clock.now(), &issued.warnings);
                Answer { status: 200, json: !asked.raw, body }
            }
            Ok(Err(error)) => refusal(&CommandError::from(error)),
            Err(_) => refusal(&CommandError::new(Exit::Failure, "tokenctl has a bug; the request failed")),
        }
    }
}

/// The envelope of a failure, under the status that comes nearest to its kind.
fn refusal(failure: &CommandError) -> Answer {
    let status = match failure.exit() {
        Exit::NotFound => 404,
        Exit::Conflict => 409,
        Exit::Rejected | Exit::Expired => 502,
        Exit::Unreachable | Exit::Locked | Exit::HungUp | Exit::Interrupted | Exit::Terminated => 503,
        _ => 500,
    };
    Answer { status, json: true, body: Secret::new(json::error_line(&failure.problem()).into_bytes()) }
}
