//! What does not belong into the day, by risk scenario.

mod personnel;
mod ransomware;
mod remote_om;
mod vuln_backdoor;

use super::net::Net;

pub(super) fn script(net: &mut Net) {
    ransomware::script(net);
    vuln_backdoor::script(net);
    personnel::script(net);
    remote_om::script(net);
}
