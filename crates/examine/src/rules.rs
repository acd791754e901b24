//! The rules of a run: the embedded pack and the user's own folders, compiled together.

use crate::judge;
use hangtu_catalog::{Catalog, RuleInfo, RulePack, sha256};
use hangtu_sigma::{Mapping, Options, Problem, Rule, Ruleset};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Rules ready to judge with.
#[derive(Debug)]
pub struct Rules {
    /// The compiled rules.
    pub ruleset: Ruleset,
    /// What judging needs to know about each, in the same order.
    pub infos: Vec<RuleInfo>,
    /// Files and blocks that could not be read.
    pub errors: Vec<String>,
    /// What compiling found: rules that cannot fire and why.
    pub problems: Vec<Problem>,
    /// SHA-256 over everything that was loaded.
    pub sha256: String,
}

impl Rules {
    /// Loads the embedded pack and every `.yml` below the folders.
    pub fn load(catalog: &Catalog, dirs: &[PathBuf]) -> io::Result<Self> {
        let (mut rules, mut errors) = RulePack::rules();
        for dir in dirs {
            let mut files = Vec::new();
            if dir.is_dir() {
                walk(dir, &mut files)?;
            } else {
                files.push(dir.clone());
            }
            for file in files {
                let (some, wrong) =
                    hangtu_sigma::parse(&file.display().to_string(), &fs::read(&file)?);
                rules.extend(some);
                errors.extend(wrong.iter().map(ToString::to_string));
            }
        }
        Ok(Self::compile(catalog, rules, errors))
    }

    fn compile(catalog: &Catalog, rules: Vec<Rule>, mut errors: Vec<String>) -> Self {
        let all: Vec<String> = rules.iter().map(|r| format!("{r:?}")).collect();
        let options =
            Options { clock_offset: crate::authorise::CHINA as i32, ..Options::default() };
        let (ruleset, problems) = Ruleset::compile(rules, &Mapping::default(), &options);
        let (infos, wrong) = judge::infos(&ruleset, catalog);
        errors.extend(wrong);
        Self { ruleset, infos, errors, problems, sha256: sha256(all.join("\n").as_bytes()) }
    }
}

/// Rule files below a folder, by name.
pub fn walk(dir: &Path, out: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut files = Vec::new();
    hangtu_evidence::walk(dir, &mut files)?;
    out.extend(files.into_iter().filter(|path| {
        let yaml = path.extension().is_some_and(|e| e == "yml" || e == "yaml");
        let test = path.file_stem().is_some_and(|s| s.to_string_lossy().ends_with(".test"));
        yaml && !test
    }));
    Ok(())
}
