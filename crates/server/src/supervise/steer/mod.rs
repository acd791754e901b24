//! Steering: what a supervisor tells enterprises and they answer, with limits. A warning in one of
//! four colours, a correction order, a special assessment, an interview that was held, a risk
//! bulletin: all of them are one thing, a [`model::Notice`] told to enterprises, of which each
//! acknowledges it and answers its items one by one.
//!
//! An enterprise of this instance reads the supervisor's own rows. One with an instance of its own
//! takes in a signed copy (`letter`), and what it answers comes back as a signed letter; both ways
//! write through the same functions (`answer`), and merging is idempotent and knows no order.

mod answer;
mod bounds;
mod bulletin;
mod change;
mod exchange;
mod file;
mod letter;
mod list;
mod load;
mod make;
mod member;
mod model;
mod one;
mod own;
mod page;
mod stand;

pub(super) use bulletin::hear;
pub(crate) use bulletin::{examined, facts as bulletins, packs};
pub(super) use list::{Line, of as of_firm};
pub(super) use own::{Own, owned};

use crate::{
    auth::Right,
    route::{Access, Doc, Routes},
    supervise::roster::Filter,
};

pub(super) fn routes(r: &mut Routes) {
    supervisor(r);
    enterprise(r);
}

fn supervisor(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("What was told to enterprises, the newest first").returns::<list::List>();
    r.get("/supervise/notices", may, doc.query::<list::Asked>(), list::list);
    let doc = Doc::new(
        "Tell enterprises: a warning, an order, an assessment, an interview held, a bulletin",
    );
    let doc = doc.query::<Filter>().body::<make::New>().returns::<make::Made>();
    r.post("/supervise/notices", may, doc, make::make);
    let doc = Doc::new("Takes in letters with answers of enterprises, any number of times");
    let doc = doc.takes("application/octet-stream").returns::<Vec<exchange::Outcome>>();
    r.post("/supervise/notices/answers", may, doc, exchange::answers_in);
    let doc = Doc::new("A notice: who acknowledged, answered, is late, and what was found");
    let doc = doc.query::<one::Asked>().returns::<one::One>();
    r.get("/supervise/notices/{id}", may, doc, one::one);
    let doc = Doc::new("Every enterprise of a notice and how it stands").gives("text/csv");
    r.get("/supervise/notices/{id}/members.csv", may, doc, one::members);
    let doc = Doc::new("Signed copies for all that have an instance of their own");
    r.get("/supervise/notices/{id}/files.zip", may, doc.gives("application/zip"), letter::files);
    let doc =
        Doc::new("Changes a warning's colour, or the end of a notice").body::<change::Changed>();
    r.post("/supervise/notices/{id}/change", may, doc, change::change);
    let doc = Doc::new("Lifts a notice; what was answered to it stays").body::<change::Why>();
    r.post("/supervise/notices/{id}/lift", may, doc, change::lift);
    let doc = Doc::new("How one enterprise stands; each look is entered in the audit trail");
    r.get("/supervise/notices/{id}/members/{code}", may, doc.returns::<member::One>(), member::one);
    let doc = Doc::new("The signed copy for one enterprise (DSSE)").gives("application/json");
    r.get("/supervise/notices/{id}/members/{code}/file", may, doc, letter::file);
    let doc = Doc::new("Accepts or returns what an enterprise answered to an item");
    let doc = doc.body::<member::Decision>();
    r.post("/supervise/notices/{id}/members/{code}/decide", may, doc, member::decide);
    let doc = Doc::new(
        "Receives an enterprise's letter of answers and gives the notices it does not have; signed by its confirmed key and not older than fifteen minutes",
    );
    let doc = doc.takes("application/octet-stream").returns::<Vec<String>>();
    r.post("/receive/{supervisor}/notices", Access::Open, doc, exchange::receive);
}

fn enterprise(r: &mut Routes) {
    let read = Access::May(Right::Read);
    let speak = Access::May(Right::Submit);
    let doc = Doc::new("What supervisors told the enterprise").returns::<Vec<own::Own>>();
    r.get("/notices", read, doc, own::list);
    let doc = Doc::new("Takes in signed notices of the supervisor, any number of times");
    let doc = doc.takes("application/octet-stream").returns::<exchange::Taken>();
    r.post("/notices/files", speak, doc, exchange::files_in);
    let doc = Doc::new("Everything that was answered, as a signed letter (DSSE)");
    r.get("/notices/answers", read, doc.gives("application/json"), exchange::answers_out);
    let doc = Doc::new("Sends the answers to the supervisor by HTTPS and takes in what is new");
    r.post("/notices/exchange", speak, doc.returns::<exchange::Taken>(), exchange::exchange);
    let doc = Doc::new("One notice and how the enterprise stands to it").returns::<own::One>();
    r.get("/notices/{id}", read, doc, own::one);
    let doc = Doc::new("The rules of a bulletin (Sigma, YAML)").gives("application/yaml");
    r.get("/notices/{id}/pack.yml", read, doc, own::pack);
    let doc = Doc::new("Acknowledges a notice").body::<own::Note>();
    r.post("/notices/{id}/acknowledge", speak, doc, own::acknowledge);
    let doc = Doc::new("Answers an item of a notice").body::<own::Typed>();
    r.post("/notices/{id}/items/{place}", speak, doc, own::reply);
    let doc = Doc::new("Keeps files that an item is answered with; only their hashes are told");
    let doc = doc.takes("application/octet-stream");
    r.post("/notices/{id}/items/{place}/files", speak, doc, file::attach);
    let doc = Doc::new("A file that an item was answered with").gives("application/octet-stream");
    r.get("/notices/{id}/files/{file}", read, doc, file::download);
    let doc = Doc::new("Examines with a bulletin's rules from now on, or no longer");
    r.post(
        "/notices/{id}/apply",
        Access::May(Right::Examine),
        doc.body::<own::Apply>(),
        own::apply,
    );
}
