use super::*;
use crate::fixture;
use hangtu_catalog::Counting;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const RULE: Counting = Counting { attendance_percent: 80, quiz_where_set: true };

fn at(minutes: i64) -> Timestamp {
    "2026-03-02T01:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn span(from: i64, to: i64) -> Span {
    Span { from: at(from), to: Some(at(to)) }
}

#[test]
fn breaks_overlaps_and_missing_sign_outs() {
    // Two hours with a break of 20 minutes: 100 minutes planned.
    let breaks = vec![(at(50), at(70))];
    let meeting = Meeting::new(at(0), at(120), breaks.clone(), SignOut::Taken).unwrap();
    let minutes = |spans: &[Span]| meeting.attendance(spans).minutes();
    assert_eq!(minutes(&[span(-30, 200)]), 100);
    assert_eq!(minutes(&[span(0, 60), span(10, 60), span(60, 120)]), 100);
    assert_eq!(minutes(&[span(55, 65)]), 0);
    assert_eq!(minutes(&[span(30, 20)]), 0);
    assert_eq!(minutes(&[span(0, 40), span(80, 120)]), 80);
    let open = [Span { from: at(0), to: None }];
    let attendance = meeting.attendance(&open);
    assert_eq!((attendance.seconds, attendance.open, attendance.planned), (0, 1, 6000));
    let list = Meeting::new(at(0), at(120), breaks, SignOut::NotTaken).unwrap();
    assert_eq!(list.attendance(&open).percent(), 100);

    let verdict = |to, quiz| judge(RULE, &meeting, &[span(0, to)], quiz);
    assert!(verdict(100, Quiz::NotSet).completed && verdict(100, Quiz::Passed).completed);
    assert!(!verdict(100, Quiz::Missing).completed && !verdict(100, Quiz::Failed).completed);
    // 79 minutes and 59 seconds are not 80 percent, though they round to it.
    let short = Span { from: at(0), to: Some(at(100) - SignedDuration::from_secs(1)) };
    assert!(!judge(RULE, &meeting, &[short], Quiz::NotSet).completed);
    assert!(Meeting::new(at(0), at(0), vec![], SignOut::Taken).is_err());
    assert!(Meeting::new(at(0), at(9), vec![(at(-1), at(10))], SignOut::Taken).is_err());
}

fn session(person: &str, session: &str, minutes: i64) -> Completion {
    let what = What::Session(SessionId(session.into()));
    Completion { person: PersonId(person.into()), what, at: at(minutes) }
}

fn course(person: &str, course: &str, days: i64) -> Completion {
    let what = What::Course { course: course.into(), valid_months: 12 };
    Completion { person: PersonId(person.into()), what, at: at(days * 24 * 60) }
}

#[test]
fn retakes_do_not_count_and_yearly_training_does() {
    let all = [
        session("a", "s1", 0),
        session("a", "s1", 500),
        session("a", "s2", 0),
        session("b", "s1", 0),
        course("b", "ransomware", 0),
        course("b", "ransomware", 3),
        course("b", "ransomware", 364),
        course("b", "ransomware", 365),
    ];
    let counted = count(&all);
    assert_eq!((counted.person_times(), counted.persons()), (5, 2));
    assert_eq!(counted.between(at(0), at(24 * 60)), (4, 2));
}

fn completion() -> impl Strategy<Value = Completion> {
    (0u8..5, 0u8..6, 0i64..1500).prop_map(|(person, what, days)| {
        let person = format!("p{person}");
        let name = format!("w{what}");
        if what < 3 {
            session(&person, &name, days * 24 * 60)
        } else {
            course(&person, &name, days)
        }
    })
}

proptest! {
    #[test]
    fn counting_knows_no_order_no_duplicates_and_only_grows(
        all in prop::collection::vec(completion(), 0..40),
        more in completion(),
        turn in 0usize..40,
    ) {
        let counted = count(&all);
        prop_assert!(counted.person_times() >= counted.persons());
        let mut other = all.clone();
        other.rotate_left(turn.min(all.len()));
        other.extend(all.iter().take(turn).cloned());
        prop_assert_eq!(&counted.counting, &count(&other).counting);
        other.push(more);
        let grown = count(&other);
        prop_assert!(grown.person_times() >= counted.person_times());
        prop_assert!(grown.persons() >= counted.persons());
    }

    #[test]
    fn attendance_knows_no_order_no_duplicates_and_only_grows(
        spans in prop::collection::vec((-50i64..200, -50i64..200, any::<bool>()), 0..12),
        more in (-50i64..200, -50i64..200),
        breaks in prop::collection::vec((0i64..60, 0i64..50), 0..3),
        turn in 0usize..12,
    ) {
        let breaks = breaks.iter().map(|(from, n)| (at(*from), at(from + n))).collect();
        let meeting = Meeting::new(at(0), at(120), breaks, SignOut::Taken).unwrap();
        let spans: Vec<Span> = spans
            .iter()
            .map(|(from, to, out)| Span { from: at(*from), to: out.then(|| at(*to)) })
            .collect();
        let there = meeting.attendance(&spans);
        prop_assert!(there.seconds <= there.planned);
        let mut other = spans.clone();
        other.rotate_left(turn.min(spans.len()));
        other.extend(spans.iter().take(turn).copied());
        prop_assert_eq!(there, meeting.attendance(&other));
        other.push(span(more.0, more.1));
        prop_assert!(meeting.attendance(&other).seconds >= there.seconds);
        // Minute by minute, the slow way.
        let minute = |m: i64| spans.iter().any(|s| s.to.is_some_and(|to| s.from <= at(m) && at(m) < to));
        let whole = Meeting::new(at(0), at(120), vec![], SignOut::Taken).unwrap();
        let naive = (0..120).filter(|m| minute(*m)).count();
        prop_assert_eq!(whole.attendance(&spans).minutes() as usize, naive);
    }
}

#[test]
fn a_professional_counts_once_and_only_while_everything_holds() {
    let catalog = fixture::catalog();
    let courses = fixture::courses();
    let tracks = &catalog.training.tracks[..2];
    let month = |n: i64| at(n * 31 * 24 * 60);
    let mut person = Person {
        id: PersonId("a".into()),
        courses: vec![CourseDone { course: "demo".into(), at: month(0) }],
        exams: vec![("professional".into(), month(0)), ("assessor".into(), month(0))],
        drills: vec![month(1)],
        certificates: vec![],
    };
    let stands = |p: &Person, now| standing(&tracks[0], &courses, p, now);
    assert_eq!(stands(&person, month(0)).lacking, [Lacking::Drill]);
    assert!(stands(&person, month(2)).until.is_some());
    // The course is good for twelve months.
    assert_eq!(stands(&person, month(13)).lacking, [Lacking::Course("demo".into())]);
    let day = |n| jiff::civil::date(2026, 3, n);
    let counted = |people: &[Person]| professionals(tracks, &courses, people, month(2), day(2));
    let both = counted(&[person.clone(), person.clone()]);
    assert_eq!((both.persons, both.tracks["professional"], both.tracks["assessor"]), (1, 1, 1));
    let certificate = |grade, expires| Certificate {
        grade,
        issuer: "人社".into(),
        number: "1".into(),
        expires: Some(expires),
    };
    person.certificates = vec![certificate(Grade::Three, day(2)), certificate(Grade::One, day(1))];
    let with = counted(&[person.clone()]);
    assert_eq!((with.persons, with.certificates[&Grade::Three]), (1, 1));
    assert_eq!(standing(&tracks[0], &[], &person, month(2)).lacking[0], Lacking::Courses);
}
