//! Training in the demonstration: courses are asked of everybody by the rules the courses suggest, one
//! is read and its exam passed, so that there is a certificate, and one is past its day.

use super::{door::Person, story::People};
use crate::{
    App,
    clock::{self, DAY},
    error::Error,
};
use hangtu_catalog::course::Course;
use serde_json::{Value, json};

/// What the member has learnt, and what the approver should have.
const LEARNT: &str = "ransomware";
const OVERDUE: &str = "duties-law";

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Everybody's training, by their own hand.
pub(super) async fn learn(
    app: &App,
    people: &People,
    member: &str,
    approver: &str,
) -> Result<(), Error> {
    let officer = people.of("officer")?;
    officer.post("/training/rules", &json!({ "action": "suggested" })).await?;
    let day = |days: i64| clock::day(clock::now() + days * DAY).to_string();
    let asked = [(LEARNT, member, day(30)), (OVERDUE, approver, day(-10))];
    for (course, person, due) in asked {
        let ask = json!({ "course": course, "person": [person], "due": due });
        officer.post("/training/needs", &ask).await?;
    }
    let learner = people.of("member")?;
    read(learner).await?;
    sit(app, learner).await
}

/// Reads every section and answers every check.
async fn read(learner: &Person) -> Result<(), Error> {
    let course = format!("/training/courses/{LEARNT}");
    let shown = learner.get(&course).await?;
    for section in list(&shown["contents"]) {
        let path = format!("{course}/read/{}", text(&section["anchor"]));
        let page = learner.get(&path).await?;
        for part in list(&page["parts"]).filter(|p| p["what"] == "check") {
            let order: Vec<&Value> = list(&part["options"]).map(|o| &o[0]).collect();
            let answer = json!({ "choice": [0], "order": order });
            let check = format!("{course}/checks/{}", text(&part["name"]));
            learner.post(&check, &answer).await?;
        }
        learner.post(&path, &json!({})).await?;
    }
    Ok(())
}

/// The right places on a paper, as somebody who has learnt the course knows them.
fn right(course: &Course, shown: &Value) -> Vec<usize> {
    let options: Vec<&str> = list(&shown["options"]).map(|o| text(&o["zh-CN"])).collect();
    let asked = text(&shown["question"]["zh-CN"]);
    let known = course.bank().find(|q| {
        let there = |o: &hangtu_catalog::course::Step| options.contains(&&*o.text.zh);
        &*q.question.zh == asked && q.options.len() == options.len() && q.options.iter().all(there)
    });
    let Some(known) = known else { return Vec::new() };
    let place = |n: &u8| {
        let text = &known.options[usize::from(*n)].text.zh;
        options.iter().position(|o| *o == &**text)
    };
    known.right().iter().filter_map(place).collect()
}

/// Sits the exam; all but the last two questions are answered rightly.
async fn sit(app: &App, learner: &Person) -> Result<(), Error> {
    let exam = format!("/training/courses/{LEARNT}/exam");
    let begun = learner.post(&exam, &json!({})).await?;
    let attempt = format!("/training/attempts/{}", text(&begun["id"]));
    let paper = learner.get(&attempt).await?;
    let known = app.catalog.courses.iter().find(|c| c.id == LEARNT);
    let known = known.ok_or(Error::NotFound)?;
    let questions: Vec<&Value> = list(&paper["paper"]).collect();
    let sure = questions.len().saturating_sub(2);
    for (item, question) in questions.into_iter().enumerate().take(sure) {
        let answer = json!({ "item": item, "sequence": item + 1,
            "choice": right(known, question) });
        learner.post(&format!("{attempt}/answers"), &answer).await?;
    }
    learner.post(&format!("{attempt}/submit"), &json!({})).await?;
    Ok(())
}
