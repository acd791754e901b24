//! Who somebody is and what they may do.

mod idle;
pub(crate) mod once;
pub(crate) mod passkey;
pub(crate) mod password;
mod pending;
mod rights;
pub(crate) mod second;
pub(crate) mod session;
mod sign_in;
pub(crate) mod sso;
mod throttle;
mod totp;
mod vault;

pub(crate) use rights::{Kind, Right, Rights, Role, words};
pub(crate) use throttle::Throttle;

use crate::{config::Config, ctx::Ctx, error::Error, route::Routes};
use hangtu_catalog::key;
use idle::Idle;
use pending::Pending;
use vault::Vault;

/// Somebody signed in, by a session or a token.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// Id of the person.
    pub(crate) person: String,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) organisation: String,
    pub(crate) organisation_name: String,
    /// What the organisation is.
    pub(crate) kind: Kind,
    pub(crate) roles: Vec<Role>,
    /// What the roles allow, less what a token leaves out.
    pub(crate) rights: Rights,
    /// The session, when it is one.
    pub(crate) session: Option<String>,
    /// Tag of the language they chose; empty for none.
    pub(crate) language: String,
    pub(crate) must_change_password: bool,
}

pub(crate) fn routes(r: &mut Routes) {
    sign_in::routes(r);
    second::routes(r);
    passkey::routes(r);
    sso::routes(r);
    once::routes(r);
}

/// What is kept in memory, and the key of the data folder.
pub(crate) struct State {
    vault: Vault,
    idle: Idle,
    /// Secrets to be shown once.
    once: Pending<once::Once>,
    /// Sign-ins whose password was right.
    second: Pending<second::Half>,
    /// Secrets of code generators that are being set up, by person.
    enrolling: Pending<Vec<u8>>,
    /// Passkeys that are being added, by session.
    adding: Pending<passkey::Adding>,
    /// Challenges that browsers were given to sign in.
    asserting: Pending<passkey::Asserting>,
    /// Browsers that are away at a provider.
    rounds: Pending<sso::Round>,
    providers: sso::Known,
}

impl State {
    /// Reads or makes the key.
    pub(crate) fn open(config: &Config) -> std::io::Result<Self> {
        Ok(Self {
            vault: Vault::open(&config.data)?,
            idle: Idle::new(config.idle),
            once: Pending::default(),
            second: Pending::default(),
            enrolling: Pending::default(),
            adding: Pending::default(),
            asserting: Pending::default(),
            rounds: Pending::default(),
            providers: sso::Known::default(),
        })
    }

    /// Seals a secret that the program itself must read again.
    pub(crate) fn seal(&self, owner: &str, secret: &[u8]) -> Result<String, Error> {
        self.vault.seal(owner, secret)
    }

    /// Opens what [`Self::seal`] gave.
    pub(crate) fn unseal(&self, owner: &str, sealed: &str) -> Result<Vec<u8>, Error> {
        self.vault.unseal(owner, sealed)
    }
}

/// Asks who is signed in for their password again, before their proofs change. Who has none, because
/// they sign in by other means, has nothing to be asked.
pub(crate) async fn prove(ctx: &Ctx, password: &str) -> Result<(), Error> {
    let who = ctx.in_person()?;
    let names = [format!("account {}", who.account)];
    ctx.app.throttle.admit(&names)?;
    let (hash,): (String,) =
        sqlx::query_as("SELECT password FROM person WHERE organisation = $1 AND id = $2")
            .bind(&who.organisation)
            .bind(&who.person)
            .fetch_one(&mut *ctx.app.db.read().await?)
            .await?;
    if hash.is_empty() || password::verify(password, &hash).await? {
        return Ok(());
    }
    ctx.app.throttle.failed(&names[0]);
    Err(Error::invalid("password", key::AUTH_PASSWORD_NOT))
}

/// So many random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// A new id: UUID v7, so that ids sort by time.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
