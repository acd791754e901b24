//! What content says of protocols and what decoders say of them are the same.

use hangtu_catalog::Catalog;
use hangtu_traffic::protocol;
use std::collections::BTreeSet;

#[test]
fn rules_and_decoders_agree_on_what_is_industrial() {
    let catalog = Catalog::embedded().expect("the content is sound");
    let said = catalog.placeholders.get("industrial_protocols").into_iter().flatten();
    let said: BTreeSet<&str> = said.map(String::as_str).collect();
    let known: BTreeSet<&str> = protocol::industrial().collect();
    assert_eq!(said, known);
}
