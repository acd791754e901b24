//! The ways in: one line for each capability.

use crate::{auth::Right, ctx::Ctx};
use hangtu_catalog::{key, key::Key};

/// One entry of the navigation.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) path: &'static str,
    pub(crate) name: Key,
    right: Right,
}

const fn item(path: &'static str, name: Key, right: Right) -> Item {
    Item { path, name, right }
}

static ITEMS: &[Item] = &[
    item("/", key::NAV_HOME, Right::Read),
    item("/evidence", key::EVIDENCE_TITLE, Right::Read),
    item("/runs", key::RUN_TITLE, Right::Read),
    item("/findings", key::NAV_FINDINGS, Right::Read),
    item("/policy", key::NAV_POLICY, Right::Policy),
    item("/answers", key::NAV_ANSWERS, Right::Read),
    item("/authorisations", key::AUTHORISE_TITLE, Right::Read),
    item("/drills", key::DRILL_TITLE, Right::Read),
    item("/training", key::TRAIN_TITLE, Right::Read),
    item("/reports", key::NAV_REPORTS, Right::Read),
    item("/people", key::NAV_PEOPLE, Right::People),
    item("/audit", key::NAV_AUDIT, Right::Audit),
    item("/sso", key::NAV_SSO, Right::System),
    item("/operate", key::NAV_OPERATE, Right::System),
];

/// What the reader may open, in order.
pub(super) fn items(ctx: &Ctx) -> Vec<&'static Item> {
    ITEMS.iter().filter(|i| ctx.may(i.right).is_ok()).collect()
}
