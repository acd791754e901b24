//! Writing items and packages.

use crate::exchange::xml::escape;
use hangtu_catalog::{
    Language, Marking, MultipleRule,
    course::{Course, Kind, Question},
};
use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
};
use zip::{ZipWriter, write::SimpleFileOptions};

const ITEM: &str = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0";
const TEMPLATES: &str = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/";

/// The identifier of an option: A, B, …
fn letter(n: u8) -> char {
    char::from(b'A' + n.min(25))
}

/// One question as an item of QTI 3, in one language. The explanation goes into a rubric that
/// candidates do not see. Partial points of questions with several right options are a mapping; of
/// order questions QTI's templates know only all or nothing.
pub fn write_item(question: &Question, title: &str, language: Language, rule: Marking) -> String {
    let (cardinality, interaction) = match question.kind {
        Kind::Single => ("single", "qti-choice-interaction"),
        Kind::Multiple => ("multiple", "qti-choice-interaction"),
        Kind::Order => ("ordered", "qti-order-interaction"),
    };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<qti-assessment-item xmlns=\"{ITEM}\" identifier=\"{}\" title=\"{}\" adaptive=\"false\" \
         time-dependent=\"false\" xml:lang=\"{}\">",
        escape(&question.id),
        escape(title),
        language.tag()
    );
    let _ = writeln!(
        out,
        "  <qti-response-declaration identifier=\"RESPONSE\" cardinality=\"{cardinality}\" \
         base-type=\"identifier\">\n    <qti-correct-response>"
    );
    let right = question.right();
    for n in &right {
        let _ = writeln!(out, "      <qti-value>{}</qti-value>", letter(*n));
    }
    out += "    </qti-correct-response>\n";
    let partial = question.kind == Kind::Multiple && rule.multiple == MultipleRule::SharesLessWrong;
    if partial {
        let wrong = question.options.len() - right.len();
        out += "    <qti-mapping lower-bound=\"0\" upper-bound=\"1\" default-value=\"0\">\n";
        for (option, n) in question.options.iter().zip(0u8..) {
            let share =
                if option.right { 1.0 / right.len() as f64 } else { -1.0 / wrong.max(1) as f64 };
            let _ = writeln!(
                out,
                "      <qti-map-entry map-key=\"{}\" mapped-value=\"{share:.6}\"/>",
                letter(n)
            );
        }
        out += "    </qti-mapping>\n";
    }
    out += "  </qti-response-declaration>\n  <qti-outcome-declaration identifier=\"SCORE\" \
            cardinality=\"single\" base-type=\"float\">\n    <qti-default-value>\
            <qti-value>0</qti-value></qti-default-value>\n  </qti-outcome-declaration>\n  \
            <qti-item-body>\n";
    if let Some(situation) = &question.situation {
        let _ = writeln!(out, "    <p>{}</p>", escape(situation.get(language)));
    }
    for line in &question.evidence {
        let _ = writeln!(out, "    <pre>{}</pre>", escape(line));
    }
    let choices = match question.kind {
        Kind::Single => " max-choices=\"1\"",
        Kind::Multiple => " max-choices=\"0\"",
        Kind::Order => "",
    };
    let _ = writeln!(
        out,
        "    <{interaction} response-identifier=\"RESPONSE\" shuffle=\"true\"{choices}>\n      \
         <qti-prompt>{}</qti-prompt>",
        escape(question.question.get(language))
    );
    for (option, n) in question.options.iter().zip(0u8..) {
        let _ = writeln!(
            out,
            "      <qti-simple-choice identifier=\"{}\">{}</qti-simple-choice>",
            letter(n),
            escape(option.text.get(language))
        );
    }
    let _ = writeln!(
        out,
        "    </{interaction}>\n    <qti-rubric-block use=\"scoring\" view=\"author scorer tutor\">\
         <qti-content-body><p>{}</p></qti-content-body></qti-rubric-block>\n  </qti-item-body>\n  \
         <qti-response-processing template=\"{TEMPLATES}{}.xml\"/>\n</qti-assessment-item>",
        escape(question.why.get(language)),
        if partial { "map_response" } else { "match_correct" }
    );
    out
}

/// The bank of a course, checks left out, as a package of QTI 3 with its manifest. The same bank
/// gives the same bytes.
pub fn write_package(
    course: &Course,
    language: Language,
    rule: Marking,
) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    let mut resources = String::new();
    for question in course.bank() {
        let file = format!("items/{}.xml", question.id);
        let _ = writeln!(
            resources,
            "    <resource identifier=\"{0}\" type=\"imsqti_item_xmlv3p0\" href=\"{file}\"><file \
             href=\"{file}\"/></resource>",
            escape(&question.id)
        );
        let topic = course.topics.iter().find(|t| t.id == question.topic);
        let title = topic.map_or("", |t| t.title.get(language));
        out.start_file(file.as_str(), options)?;
        out.write_all(write_item(question, title, language, rule).as_bytes())?;
    }
    let manifest = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest \
         xmlns=\"http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1\" identifier=\"{}-{}\">\n  \
         <metadata><schema>QTI Package</schema><schemaversion>3.0.0</schemaversion></metadata>\n  \
         <organizations/>\n  <resources>\n{resources}  </resources>\n</manifest>\n",
        escape(&course.id),
        course.bank_version
    );
    out.start_file("imsmanifest.xml", options)?;
    out.write_all(manifest.as_bytes())?;
    Ok(out.finish()?.into_inner())
}
