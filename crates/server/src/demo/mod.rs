//! A synthesised plant whose evidence is examined for real.

mod door;
mod story;
mod training;

use crate::{
    App,
    admin::{self, Organisation, SetUp},
    auth::{Kind, Role, password, random},
    authorise,
    db::Actor,
    error::Error,
    people,
};
use door::Person;
use hangtu_catalog::{hex, key};
use serde_json::json;
use std::collections::BTreeMap;

/// Captures of `examples/plant`, which `cargo xtask plant` makes.
const CAPTURES: [(&str, &[u8]); 3] = [
    ("control-0700.pcapng", include_bytes!("../../../../examples/plant/control-0700.pcapng")),
    ("control-1600.pcap.zst", include_bytes!("../../../../examples/plant/control-1600.pcap.zst")),
    ("office.pcap.gz", include_bytes!("../../../../examples/plant/office.pcap.gz")),
];

/// What the plant approved on paper.
const AUTHORISATIONS: &str = include_str!("../../../../examples/plant/authorisations.yaml");

/// The first people, in the order of the set-up form.
const FIRST: [(&str, &str); 4] =
    [("system", "林晓峰"), ("security", "周敏"), ("audit", "何静"), ("officer", "陈立")];
/// Who works with them.
const OTHERS: [(&str, &str, Role); 2] =
    [("approver", "王建国", Role::Approver), ("member", "刘洋", Role::Member)];

/// Sets the demonstration up; gives the accounts and their password. Nothing to give when it was
/// set up earlier; another organisation's data is refused.
pub(crate) async fn demo(app: &App) -> Result<Option<(Vec<String>, String)>, Error> {
    if admin::is_set_up(app).await? {
        let (n,): (i64,) = sqlx::query_as(
            "SELECT COUNT(*) FROM setting WHERE organisation = 'instance' AND name = 'demo'",
        )
        .fetch_one(&mut *app.db.read().await?)
        .await?;
        return if n > 0 { Ok(None) } else { Err(Error::conflict(key::SETUP_ALREADY)) };
    }
    let secret = hex(&random::<9>()?);
    let form = SetUp {
        code: String::new(),
        organisation: Organisation {
            kind: Kind::Enterprise,
            name: "长江精密化工示范厂（演示）".into(),
            credit_code: "91420100MA4KX1234B".into(),
            region: "420000".into(),
            industry: "26".into(),
            revenue_band: "400m-1bn".into(),
        },
        account: FIRST.iter().map(|(account, _)| (*account).to_owned()).collect(),
        person: FIRST.iter().map(|(_, name)| (*name).to_owned()).collect(),
        password: vec![secret.clone(); FIRST.len()],
    };
    let organisation = admin::set_up(app, &form, None).await?;
    let mut change = app.db.change(&Actor::system(&organisation)).await?;
    let hash = password::hash(&secret).await?;
    for (account, name, role) in OTHERS {
        let person = people::NewPerson {
            account: account.into(),
            name: name.into(),
            roles: vec![role],
            hash: hash.clone(),
            must_change: false,
        };
        people::insert(&mut change, person).await?;
    }
    let officer: (String, String) = sqlx::query_as(
        "SELECT id, name FROM person WHERE organisation = $1 AND account = 'officer'",
    )
    .bind(&organisation)
    .fetch_one(&mut *change)
    .await?;
    let by = Actor { id: officer.0, name: officer.1, ..Actor::system(&organisation) };
    authorise::import(&mut change, AUTHORISATIONS, Some(&by)).await?;
    sqlx::query(
        "INSERT INTO setting (organisation, name, value) VALUES ('instance', 'demo', 'true')",
    )
    .execute(&mut *change)
    .await?;
    change.note("demo.set-up", format!("organisation/{organisation}"), json!({}));
    change.commit().await?;
    begin(app, &secret).await?;
    let accounts = FIRST.iter().map(|f| f.0).chain(OTHERS.iter().map(|o| o.0));
    Ok(Some((accounts.map(ToOwned::to_owned).collect(), secret)))
}

/// Brings the evidence in and starts its examination; the rest goes on behind the pages.
async fn begin(app: &App, secret: &str) -> Result<(), Error> {
    let mut people = story::People(BTreeMap::new());
    for account in ["officer", "approver", "member"] {
        people.0.insert(account, Person::sign_in(app, account, secret).await?);
    }
    let mut evidence = Vec::new();
    for (name, bytes) in CAPTURES {
        evidence.push(people.0["officer"].send(name, bytes).await?);
    }
    let run = people.0["officer"].post("/runs", &json!({ "evidence": evidence })).await?;
    let (app, run) = (app.clone(), run["id"].as_str().unwrap_or_default().to_owned());
    tokio::spawn(async move {
        if let Err(e) = story::tell(&app, &people, &run).await {
            tracing::error!("the demonstration's story ended early: {e:?}");
        }
    });
    Ok(())
}
