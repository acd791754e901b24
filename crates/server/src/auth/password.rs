//! Passwords: Argon2id, and a policy that asks for length and refuses what attackers try first.

use crate::{clock, db::Change, error::Error};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use hangtu_catalog::key;

/// Fewest characters.
const SHORTEST: usize = 10;
/// Most characters; longer ones only cost time.
const LONGEST: usize = 256;
/// Beginnings and wholes that every list of leaked passwords has, in lower case. Any password that
/// is one of them with digits or signs around it is refused.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "qwerty",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "admin",
    "administrator",
    "root",
    "letmein",
    "welcome",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "abc",
    "abcd",
    "abcdef",
    "a1b2c3d4",
    "woaini",
    "woaiwojia",
    "mima",
    "huawei",
    "siemens",
    "simatic",
    "hangtu",
    "changeme",
    "default",
    "test",
    "guest",
    "user",
    "operator",
    "engineer",
    "scada",
    "plc",
    "hmi",
    "1qaz2wsx",
    "qazwsx",
    "q1w2e3r4",
    "1q2w3e4r",
];

/// Checks a new password of an account.
pub(crate) fn check(password: &str, account: &str, name: &str) -> Result<(), Error> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Error::invalid("password", key::AUTH_PASSWORD_LENGTH));
    }
    let lower = password.to_lowercase();
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let distinct = lower.chars().collect::<std::collections::BTreeSet<_>>().len();
    let steps = lower.as_bytes().windows(2).filter(|w| w[1].abs_diff(w[0]) <= 1).count();
    let weak = COMMON.contains(&core)
        || COMMON.contains(&lower.trim_end_matches(|c: char| !c.is_alphabetic()))
        || core.is_empty() && length < 16
        || distinct < 5
        || steps * 4 >= length * 3
        || lower.contains(&account.to_lowercase())
        || name.chars().count() > 1 && lower.contains(&name.to_lowercase());
    if weak { Err(Error::invalid("password", key::AUTH_PASSWORD_WEAK)) } else { Ok(()) }
}

/// The PHC string of a password (Argon2id, 19 MiB, two passes: OWASP's first choice). Takes tens
/// of milliseconds of one core, so it runs apart from requests.
pub(crate) async fn hash(password: &str) -> Result<String, Error> {
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(Error::internal)
    })
    .await
    .map_err(Error::internal)?
}

/// Whether it is the password. An empty hash costs as much as any, so that the time it takes does
/// not say whether an account exists.
pub(crate) async fn verify(password: &str, hash: &str) -> Result<bool, Error> {
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let (password, hash) =
        (password.to_owned(), if hash.is_empty() { NOBODY.into() } else { hash.to_owned() });
    tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(&hash).map_err(Error::internal)?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
    .map_err(Error::internal)?
}

/// Gives a person a password; `must_change` when somebody else has seen it.
pub(crate) async fn set(
    change: &mut Change,
    person: &str,
    hash: &str,
    must_change: bool,
) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE person SET password = $3, password_set = $4, must_change_password = $5 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(change.organisation().to_owned())
    .bind(person)
    .bind(hash)
    .bind(clock::now())
    .bind(i64::from(must_change))
    .execute(&mut **change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    let action = if must_change { "person.reset" } else { "person.password" };
    change.note(action, format!("person/{person}"), serde_json::json!({}));
    Ok(())
}
