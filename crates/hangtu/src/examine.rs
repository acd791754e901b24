//! `hangtu examine`: captures in, findings out.

use crate::{Ending, cli, failure::Failure, progress::Bar, summary};
use clap::ArgMatches;
use hangtu_catalog::{Catalog, Language, Level, key};
use hangtu_examine::{
    AuthorisationsFile, Evidence, Reading, Rules, Setup, authorise::Authorisations, baseline,
    compare, model::Examination, report,
};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// The result that is always written.
const FINDINGS: &str = "findings.json";

/// One file of results.
type Results = BufWriter<fs::File>;
/// Makes it of an examination.
type Make = fn(&mut Results, &Examination, Language) -> io::Result<()>;

/// Other formats, and what they are written to.
const FORMATS: [(&str, &str, Make); 4] = [
    ("html", "report.html", |f, e, language| f.write_all(report::html(e, language).as_bytes())),
    ("sarif", "findings.sarif", |f, e, language| pretty(f, &report::sarif(e, language))),
    ("ocsf", "findings.ocsf.jsonl", |f, e, language| {
        f.write_all(report::ocsf(e, language).as_bytes())
    }),
    ("xlsx", "findings.xlsx", |f, e, language| {
        f.write_all(&report::xlsx(e, language).map_err(io::Error::other)?)
    }),
];

/// The captures and logs that paths name.
pub(crate) fn evidence(paths: &[PathBuf], reading: &Reading) -> Result<Evidence, Failure> {
    let mut evidence = Evidence::find(paths, reading)?;
    if evidence.inputs.is_empty() {
        if let Some(one) = evidence.unreadable.into_iter().next() {
            return Err(one.into());
        }
        let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        return Err(Failure::new(key::CLI_NO_CAPTURES, Some(key::CLI_NO_CAPTURES_REMEDY))
            .with("paths", paths.join(", ")));
    }
    // The authorisations file belongs there.
    evidence.others.retain(|p| !is_authorisations(p));
    Ok(evidence)
}

fn is_authorisations(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n == "authorisations.yaml" || n == "authorisations.yml")
}

/// The authorisations file named, or found in a folder of evidence.
pub(crate) fn authorisations(
    matches: &ArgMatches,
    paths: &[PathBuf],
) -> Result<Option<AuthorisationsFile>, Failure> {
    let named = matches.get_one::<PathBuf>("authorisations").cloned();
    let path = if named.is_some() { named } else { beside(paths)? };
    let Some(path) = path else { return Ok(None) };
    let text = fs::read_to_string(&path).map_err(|e| Failure::read(&path, &e))?;
    let shown = path.display().to_string();
    let authorisations = Authorisations::parse(&shown, &text).map_err(|e| {
        Failure::new(key::CLI_AUTHORISATIONS_BAD, Some(key::CLI_AUTHORISATIONS_REMEDY))
            .saying("why", e.message())
    })?;
    Ok(Some(AuthorisationsFile { path: shown, text, authorisations }))
}

/// The authorisations file in a folder of evidence; of two it is not for us to say which one holds.
fn beside(paths: &[PathBuf]) -> Result<Option<PathBuf>, Failure> {
    let names = ["authorisations.yaml", "authorisations.yml"];
    // One file may be reached in several ways.
    let found: BTreeMap<PathBuf, PathBuf> = paths
        .iter()
        .filter(|path| path.is_dir())
        .flat_map(|path| names.iter().map(move |name| path.join(name)))
        .filter(|path| path.is_file())
        .filter_map(|path| Some((path.canonicalize().ok()?, path)))
        .collect();
    let mut found = found.into_values();
    match (found.next(), found.next()) {
        (Some(one), Some(other)) => {
            let remedy = Some(key::CLI_AUTHORISATIONS_TWO_REMEDY);
            Err(Failure::new(key::CLI_AUTHORISATIONS_TWO, remedy)
                .with("one", one.display())
                .with("other", other.display()))
        }
        (one, _) => Ok(one),
    }
}

pub(crate) fn run(language: Language, matches: &ArgMatches) -> Result<Ending, Failure> {
    let paths = cli::paths(matches, "path");
    let catalog = Catalog::embedded()?;
    let authorisations = authorisations(matches, &paths)?;
    let rules = Rules::load(&catalog, &cli::paths(matches, "rules"))?;
    let before = match matches.get_one::<PathBuf>("baseline") {
        None => None,
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|e| Failure::read(path, &e))?;
            let (what, remedy) = (key::CLI_BASELINE_BAD, key::CLI_BASELINE_REMEDY);
            let bad = |e| Failure::findings(what, remedy, path, &e);
            Some((path, baseline(&text).map_err(bad)?))
        }
    };
    let reading = cli::reading(matches, authorisations.as_ref().map(|a| &a.authorisations))?;
    let evidence = evidence(&paths, &reading)?;
    let out = folder(matches)?;
    let setup = Setup {
        catalog: &catalog,
        rules: &rules,
        authorisations: authorisations.as_ref(),
        reading: &reading,
        now: cli::now(),
    };
    let mut bar = Bar::new(language, &evidence.inputs);
    let mut examination = hangtu_examine::examine(&evidence, &setup, &mut bar)?;
    drop(bar);
    if let Some((path, before)) = &before {
        compare(&mut examination, before, &path.display().to_string(), &rules);
    }
    let written = write(language, matches, &out, &examination)?;
    let files = summary::Files { earlier: earlier(&out, &written), written };
    summary::print(language, &examination, &evidence, &files).map_err(|e| Failure::output(&e))?;
    let limit = matches.get_one::<String>("fail-on").and_then(|l| Level::from_name(l));
    let worst = examination.findings.iter().map(|f| f.level).max();
    Ok(if limit.is_some() && worst >= limit {
        Ending::FailOn
    } else if examination.coverage.complete && examination.run.rule_problems.is_empty() {
        Ending::Done
    } else {
        Ending::Incomplete
    })
}

/// The folder for the results, which can be written: said before hours of reading, not after them.
fn folder(matches: &ArgMatches) -> Result<PathBuf, Failure> {
    let default = PathBuf::from("hangtu-report");
    let out = matches.get_one::<PathBuf>("out").unwrap_or(&default);
    fs::create_dir_all(out).map_err(|e| Failure::write(out, &e))?;
    let path = out.join(FINDINGS);
    let there = path.exists();
    // What an earlier examination wrote stays as it is until this one is written.
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .and_then(|_| if there { Ok(()) } else { fs::remove_file(&path) })
        .map_err(|e| Failure::write(&path, &e))?;
    Ok(out.clone())
}

/// Writes the results asked for; the page too when nothing was asked.
fn write(
    language: Language,
    matches: &ArgMatches,
    out: &Path,
    examination: &Examination,
) -> Result<Vec<PathBuf>, Failure> {
    let asked: Vec<&str> =
        matches.get_many::<String>("format").into_iter().flatten().map(String::as_str).collect();
    let wants = |name: &str| asked.contains(&name) || asked.is_empty() && name == "html";
    let mut begun = Begun::default();
    begun.add(out.join(FINDINGS), |f| pretty(f, examination))?;
    for (format, name, make) in FORMATS {
        if wants(format) {
            begun.add(out.join(name), |f| make(f, examination, language))?;
        }
    }
    begun.place(out)
}

/// Results that stand beside their places until all of them are whole: a full disk must not take an earlier
/// examination away, nor, as far as writing goes, leave one's page beside another's findings.
#[derive(Default)]
struct Begun(Vec<PathBuf>);

impl Begun {
    fn part(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        name.into()
    }

    fn add(
        &mut self,
        path: PathBuf,
        fill: impl Fn(&mut Results) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let part = Self::part(&path);
        self.0.push(path);
        let write = || {
            let mut file = BufWriter::with_capacity(1 << 16, fs::File::create(&part)?);
            fill(&mut file)?;
            file.flush()?;
            file.get_ref().sync_all()
        };
        write().map_err(|e| Failure::write(&part, &e))
    }

    /// Puts all into their places.
    fn place(mut self, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
        for path in &self.0 {
            fs::rename(Self::part(path), path).map_err(|e| Failure::write(path, &e))?;
        }
        // A folder cannot be opened everywhere; the files are safe without that.
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
        Ok(std::mem::take(&mut self.0))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(Self::part(path));
        }
    }
}

/// Results of other formats in the folder, of an earlier examination.
fn earlier(out: &Path, written: &[PathBuf]) -> Vec<PathBuf> {
    let all = FORMATS.iter().map(|(_, name, _)| out.join(name));
    all.filter(|path| !written.contains(path) && path.is_file()).collect()
}

/// JSON for people and programs, without building it in memory first.
fn pretty(file: &mut Results, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *file, value)?;
    file.write_all(b"\n")
}
