//! The courses of an organisation: those that come with the program, its own, those made elsewhere.

use super::cmi5;
use crate::{App, error::Error};
use hangtu_catalog::course::Course;
use sqlx::AnyConnection;
use std::{collections::BTreeMap, ops::Deref, sync::Arc};

/// What the courses of an organisation were read from: how many there are and when the last changed,
/// of its own and of those made elsewhere.
pub(super) type Stamp = ((i64, i64), (i64, i64));

/// The courses of an organisation.
pub(super) enum Shelf {
    /// Only those of the program.
    Embedded(App),
    /// Those and its own.
    Own(Arc<Vec<Course>>),
}

impl Deref for Shelf {
    type Target = [Course];

    fn deref(&self) -> &[Course] {
        match self {
            Self::Embedded(app) => &app.catalog.courses,
            Self::Own(all) => all,
        }
    }
}

impl Shelf {
    /// A course by its id.
    pub(super) fn one(&self, id: &str) -> Result<&Course, Error> {
        self.iter().find(|c| c.id == id).ok_or(Error::NotFound)
    }
}

/// The courses of an organisation.
pub(super) async fn shelf(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Shelf, Error> {
    let own: (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COALESCE(MAX(changed), 0) FROM own_course WHERE organisation = $1",
    )
    .bind(organisation)
    .fetch_one(&mut *c)
    .await?;
    let elsewhere = cmi5::stamp(c, organisation).await?;
    let stamp = (own, elsewhere);
    if own.0 == 0 && elsewhere.0 == 0 {
        return Ok(Shelf::Embedded(app.clone()));
    }
    let place = app.training.shelves.place(organisation.to_owned()).await;
    if let Some(courses) = place.of(&stamp) {
        return Ok(Shelf::Own(courses));
    }
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT id, files FROM own_course o WHERE organisation = $1 AND withdrawn = 0 AND version = \
         (SELECT MAX(version) FROM own_course n WHERE n.organisation = $1 AND n.id = o.id) \
         ORDER BY id",
    )
    .bind(organisation)
    .fetch_all(&mut *c)
    .await?;
    let mut courses = app.catalog.courses.clone();
    for (id, files) in rows {
        match read(app, &id, &files) {
            Ok(course) => courses.push(course),
            // Its content held when it was kept; a later program may ask for more.
            Err(why) => tracing::warn!(organisation, course = id, why, "a course does not hold"),
        }
    }
    courses.extend(cmi5::courses(c, organisation).await?);
    courses.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Shelf::Own(place.put(stamp, courses)))
}

/// Reads the files of a course of one's own.
pub(super) fn read(app: &App, id: &str, files: &str) -> Result<Course, String> {
    let files: BTreeMap<String, String> = serde_json::from_str(files).map_err(|e| e.to_string())?;
    Course::parse(id, &files, &app.catalog.controls).map_err(|e| e.to_string())
}
