//! One enterprise: what it submitted last, and what became of it.

use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    supervise::{
        facts::Facts,
        model::{self, Event, Firm},
        picture::{held, region, stale_before},
        roster::looked,
        steer::{Line, of_firm},
    },
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Catalog, credit_code, key};
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("One supervised enterprise; each look is entered in the audit trail");
    let may = Access::May(Right::Supervise);
    r.get("/supervise/enterprises/{code}", may, doc.returns::<One>(), one);
}

/// An enterprise with what is known of it.
#[derive(Serialize, JsonSchema)]
pub(in crate::supervise) struct One {
    #[serde(flatten)]
    pub(in crate::supervise) firm: Firm,
    state: &'static str,
    /// Yuan by year, the latest first.
    revenues: Vec<(i64, i64)>,
    /// The newest accepted facts.
    facts: Option<Facts>,
    history: Vec<Event>,
    /// What it was told, and how it stands.
    notices: Vec<Line>,
}

/// Everything about an enterprise of a supervisor.
pub(in crate::supervise) async fn about(
    ctx: &Ctx,
    supervisor: &str,
    code: &str,
) -> Result<One, Error> {
    // Codes are written one way in the store.
    let code = credit_code(code).map_err(|_| Error::NotFound)?;
    let c = &mut *ctx.app.db.read().await?;
    let firm = model::find(c, supervisor, code.as_str()).await?;
    let revenues = sqlx::query_as(
        "SELECT year, yuan FROM supervised_revenue WHERE supervisor = $1 AND credit_code = $2 \
         ORDER BY year DESC LIMIT 20",
    )
    .bind(supervisor)
    .bind(code.as_str())
    .fetch_all(&mut *c)
    .await?;
    Ok(One {
        state: firm.state(stale_before(&ctx.app, clock::now())),
        revenues,
        facts: held(c, supervisor, code.as_str()).await?.map(|h| h.2),
        history: model::history(c, supervisor, code.as_str()).await?,
        notices: of_firm(c, supervisor, code.as_str()).await?,
        firm,
    })
}

#[derive(Template)]
#[template(path = "supervise/roster/firm.html")]
struct FirmPage<'a> {
    page: Page,
    one: &'a One,
    f: &'a Firm,
    catalog: &'a Catalog,
}

impl FirmPage<'_> {
    fn region(&self, code: &str) -> String {
        region(self.catalog, code, self.page.ctx.language)
    }

    fn industry(&self, code: &str) -> String {
        let found = self.catalog.industries.iter().find(|i| i.code == code);
        found.map_or_else(|| code.to_owned(), |i| format!("{code} {}", self.page.b(&i.name)))
    }

    fn revenue(&self, yuan: &i64) -> String {
        super::list::ten_thousands(*yuan)
    }

    /// A place in the history: codes as names.
    fn told(&self, kind: &str, text: &str) -> String {
        let mut parts = text.splitn(3, ' ');
        match (kind, parts.next(), parts.next(), parts.next()) {
            ("move", Some(region), Some(city), Some(industry)) => {
                format!("{} {city} {}", self.region(region), self.industry(industry))
            }
            ("scale", Some("1"), ..) => self.page.t(key::SUPERVISE_YES),
            ("scale", ..) => self.page.t(key::SUPERVISE_NO),
            _ => text.to_owned(),
        }
    }

    fn one_decimal(&self, score: &f64) -> String {
        format!("{score:.1}")
    }

    fn small(&self, n: &u32) -> String {
        self.page.number(u64::from(*n))
    }
}

async fn one(ctx: Ctx, Path(code): Path<String>) -> Result<Response, Error> {
    let one = about(&ctx, ctx.organisation()?, &code).await?;
    looked(&ctx, &one.firm).await?;
    shown(&ctx, &one)
}

/// The page of an enterprise.
pub(in crate::supervise) fn shown(ctx: &Ctx, one: &One) -> Result<Response, Error> {
    let title = one.firm.name.clone();
    let catalog = &ctx.app.catalog;
    ctx.show_titled(title, one, |page| FirmPage { page, one, f: &one.firm, catalog })
}
