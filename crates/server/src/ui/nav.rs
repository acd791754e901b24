//! The ways in: one line for each capability.

use crate::{auth::Right, ctx::Ctx};
use hangtu_catalog::{key, key::Key};

/// One entry of the navigation.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) path: &'static str,
    pub(crate) name: Key,
    right: Right,
    /// Where it makes sense: not at a plant only, and not at a regulator only.
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In an enterprise.
    Plant,
    /// In an organisation that supervises.
    Regulator,
    /// In both.
    Both,
}

const fn item(path: &'static str, name: Key, right: Right) -> Item {
    Item { path, name, right, place: Place::Both }
}

/// Of an enterprise only.
const fn plant(path: &'static str, name: Key, right: Right) -> Item {
    Item { path, name, right, place: Place::Plant }
}

/// Of a regulator only.
const fn regulator(path: &'static str, name: Key, right: Right) -> Item {
    Item { path, name, right, place: Place::Regulator }
}

static ITEMS: &[Item] = &[
    regulator("/supervise", key::NAV_SUPERVISE, Right::Supervise),
    regulator("/supervise/enterprises", key::NAV_ROSTER, Right::Supervise),
    regulator("/supervise/targets", key::NAV_TARGET_SETS, Right::Supervise),
    regulator("/supervise/campaigns", key::CAMPAIGN_TITLE, Right::Supervise),
    regulator("/supervise/notices", key::STEER_TITLE, Right::Supervise),
    regulator("/supervise/draws", key::DRAW_TITLE, Right::Supervise),
    regulator("/inspections", key::DRAW_MINE, Right::Inspect),
    regulator("/supervise/yearly", key::NAV_YEARLY, Right::Supervise),
    #[cfg(feature = "history")]
    regulator("/supervise/history", key::HISTORY_TITLE, Right::Supervise),
    plant("/", key::NAV_HOME, Right::Read),
    plant("/evidence", key::EVIDENCE_TITLE, Right::Read),
    plant("/runs", key::RUN_TITLE, Right::Read),
    plant("/findings", key::NAV_FINDINGS, Right::Read),
    plant("/policy", key::NAV_POLICY, Right::Policy),
    plant("/answers", key::NAV_ANSWERS, Right::Read),
    plant("/authorisations", key::AUTHORISE_TITLE, Right::Read),
    plant("/drills", key::DRILL_TITLE, Right::Read),
    plant("/training", key::TRAIN_TITLE, Right::Read),
    plant("/reports", key::NAV_REPORTS, Right::Read),
    plant("/data", key::REGISTER_TITLE, Right::Read),
    plant("/submissions", key::SUBMIT_TITLE, Right::Read),
    plant("/campaigns", key::CAMPAIGN_OWN, Right::Read),
    regulator("/intake", key::NAV_INTAKE, Right::Supervise),
    regulator("/organisations", key::BELOW_TITLE, Right::System),
    item("/people", key::NAV_PEOPLE, Right::People),
    item("/audit", key::NAV_AUDIT, Right::Audit),
    plant("/training/records", key::TRAIN_RECORDS, Right::System),
    item("/sso", key::NAV_SSO, Right::System),
    item("/operate", key::NAV_OPERATE, Right::System),
];

/// What the reader may open, in order.
pub(super) fn items(ctx: &Ctx) -> Vec<&'static Item> {
    let supervises = ctx.who.as_ref().is_some_and(|who| who.kind.supervises());
    let elsewhere = if supervises { Place::Plant } else { Place::Regulator };
    ITEMS.iter().filter(|i| i.place != elsewhere && ctx.may(i.right).is_ok()).collect()
}
