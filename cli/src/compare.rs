//! `kraftscope compare`: one script and seed in several variants, and what was counted in each.

pub(crate) mod markdown;

use crate::arguments::{number, word};
use kraftscope_core::compare::{Differ, Figure, Outcome, Unit, Variant, play};
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;
use kraftscope_core::scenario::Scenario;
use kraftscope_core::time::Span;
use serde_json::{Map, Value, json};

pub(crate) const USAGE: &str = "\
kraftscope compare FILE... [--modes LIST] [--releases LIST] [--set KEY=V1,V2]... [--seeds N] [--partitions N]
                   [--json | --markdown]
    Plays each script in every combination of modes (zookeeper, kraft, kafkaraft), releases and values, and prints what
    was counted; without an option, what the file's first lines ask for (# compare modes kraft zookeeper). --seeds N plays
    N seeds from the file's on: the median, and from least to most. --partitions N gives the first topic so many. What
    has no meaning in a variant is left out and named. --markdown prints the tables of docs/COMPARED.md.
";

/// The most events of one run.
const MOST_EVENTS: u64 = 200_000_000;

#[derive(Default)]
struct Options {
    files: Vec<String>,
    modes: Vec<Mode>,
    releases: Vec<Release>,
    settings: Vec<(String, Vec<String>)>,
    seeds: u64,
    partitions: Option<u16>,
    json: bool,
    markdown: bool,
}

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<(), String> {
    let options = options(arguments)?;
    if options.files.is_empty() {
        return Err("a scenario file is missing: kraftscope compare FILE --modes zookeeper,kraft".into());
    }
    let mut all = Vec::new();
    for path in &options.files {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let scenario = Scenario::parse(&text).map_err(|error| format!("{path}: {error}"))?;
        let columns = run(&scenario, &variants(&text, &options), &options)?;
        if options.json {
            all.push(as_json(path, &options, &columns));
        } else if options.markdown {
            println!("{}", markdown::table(path, &text, &columns));
        } else {
            print(path, &columns);
        }
    }
    if options.json {
        println!("{}", Value::Array(all));
    }
    Ok(())
}

fn options(arguments: &mut lexopt::Parser) -> Result<Options, String> {
    let mut options = Options { seeds: 1, ..Options::default() };
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Long("modes") => options.modes = modes(&word(arguments)?)?,
            lexopt::Arg::Long("releases") => {
                let list = word(arguments)?;
                options.releases = list.split(',').map(release).collect::<Result<_, _>>()?;
            }
            lexopt::Arg::Long("set") => {
                let text = word(arguments)?;
                let (key, values) = text.split_once('=').ok_or("--set: write KEY=VALUE,VALUE")?;
                options.settings.push((key.into(), values.split(',').map(String::from).collect()));
            }
            lexopt::Arg::Long("seeds") => options.seeds = number(arguments, "seeds")?,
            lexopt::Arg::Long("partitions") => options.partitions = Some(number(arguments, "partitions")?),
            lexopt::Arg::Long("json") => options.json = true,
            lexopt::Arg::Long("markdown") => options.markdown = true,
            lexopt::Arg::Value(path) => options.files.push(path.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(options)
}

/// Reads `zookeeper,kraft`.
///
/// # Errors
/// Names the modes that there are.
pub(crate) fn modes(list: &str) -> Result<Vec<Mode>, String> {
    let known = Mode::ALL.map(Mode::name).join(", ");
    let mode = |name| Mode::parse(name).ok_or_else(|| format!("'{name}' is no mode: write some of {known}"));
    list.split(',').map(mode).collect()
}

/// Reads `4.1`.
///
/// # Errors
/// Names the releases that there are.
pub(crate) fn release(name: &str) -> Result<Release, String> {
    let known = Release::ALL.map(Release::name).join(", ");
    Release::parse(name).ok_or_else(|| format!("'{name}' is no release: write some of {known}"))
}

/// The outcomes of each variant, one for each seed; or why it cannot be played.
type Column = (String, Result<Vec<Outcome>, String>);

/// Those that are asked for, or those that the file asks for.
fn variants(text: &str, options: &Options) -> Vec<Variant> {
    let asked = Variant::all(&options.modes, &options.releases, &options.settings);
    match Differ::of_text(text) {
        Some(differ) if asked == [Variant::default()] => differ.variants(),
        _ => asked,
    }
}

fn run(scenario: &Scenario, variants: &[Variant], options: &Options) -> Result<Vec<Column>, String> {
    let mut scenario = scenario.clone();
    if let Some(partitions) = options.partitions {
        let topic = scenario.genesis.topics.first_mut().ok_or("--partitions: the script has no topic")?;
        topic.partitions = partitions;
    }
    let first = scenario.genesis.seed;
    let columns = variants.iter().map(|variant| {
        let name = variant.name(&scenario.genesis);
        let seeds = first..first + options.seeds.max(1);
        let outcomes = seeds.map(|seed| {
            scenario.genesis.seed = seed;
            play(&scenario, variant, MOST_EVENTS)
        });
        (name, outcomes.collect())
    });
    Ok(columns.collect())
}

/// What a figure is called in the table.
const fn label(figure: Figure) -> &'static str {
    match figure {
        Figure::WithoutLeader => "without a leader, longest",
        Figure::Leaderless => "partitions without a leader",
        Figure::WithoutLeaderInAll => "without a leader, all partitions",
        Figure::LedAgain => "fault to leaders everywhere",
        Figure::AnsweredAgain => "fault to first acknowledgement",
        Figure::ControllerFailover => "controller failover",
        Figure::LongestWait => "longest wait for an answer",
        Figure::Sent => "records sent",
        Figure::Acknowledged => "records acknowledged",
        Figure::Lost => "acknowledged records lost",
        Figure::Failed => "records failed",
        Figure::Retried => "errors, tried again",
        Figure::Background => "background messages",
        Figure::BackgroundBytes => "background bytes",
        Figure::PerRecord => "messages per record",
        Figure::PerRecordBytes => "bytes per record",
    }
}

fn amount(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..10_000_000 => format!("{} k", n / 1000),
        _ => format!("{} M", n / 1_000_000),
    }
}

/// A value with its unit.
pub(crate) fn show(value: u64, unit: Unit) -> String {
    match unit {
        Unit::Time => match value {
            10_000_000.. => format!("{:.1} s", value as f64 / 1e6),
            1_000_000.. => format!("{:.2} s", value as f64 / 1e6),
            _ => Span(value).to_string(),
        },
        Unit::Count => value.to_string(),
        Unit::Tenths => format!("{}.{}", value / 10, value % 10),
        Unit::PerSecond => format!("{}/s", amount(value)),
        Unit::Bytes => format!("{} B", amount(value)),
        Unit::BytesPerSecond => format!("{} B/s", amount(value)),
    }
}

fn values(outcomes: &[Outcome], figure: Figure) -> Vec<u64> {
    let mut values: Vec<u64> = outcomes.iter().filter_map(|outcome| figure.of(&outcome.summary)).collect();
    values.sort_unstable();
    values
}

fn cell(outcomes: &[Outcome], figure: Figure) -> String {
    let (values, unit) = (values(outcomes, figure), figure.unit());
    let never = outcomes.len() - values.len();
    let missing = |n: usize| if n == outcomes.len() { String::from("-") } else { format!(" (- in {n})") };
    let text = match values.as_slice() {
        [] => String::new(),
        [first, .., last] if first != last => {
            let median = show(values[values.len() / 2], unit);
            format!("{median} ({} .. {})", show(*first, unit), show(*last, unit))
        }
        [only, ..] => show(*only, unit),
    };
    if never > 0 { text + &missing(never) } else { text }
}

fn print(path: &str, columns: &[Column]) {
    let played: Vec<(&str, &[Outcome])> = columns
        .iter()
        .filter_map(|(name, outcomes)| Some((name.as_str(), outcomes.as_ref().ok()?.as_slice())))
        .collect();
    println!("{path}");
    let mut rows =
        vec![(String::new(), played.iter().map(|(name, _)| String::from(*name)).collect::<Vec<_>>())];
    for figure in Figure::ALL {
        let cells = played.iter().map(|(_, outcomes)| cell(outcomes, figure)).collect();
        rows.push((String::from(label(figure)), cells));
    }
    let widths: Vec<usize> = (0..played.len())
        .map(|at| rows.iter().map(|(_, cells)| cells[at].chars().count()).max().unwrap_or(0))
        .collect();
    for (label, cells) in &rows {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}")).collect();
        println!("  {label:<33}{}", cells.join("   "));
    }
    for (name, outcomes) in columns {
        match outcomes {
            Err(why) => println!("  {name}: not played: {why}"),
            Ok(outcomes) => {
                for left in outcomes.first().map_or(&[][..], |outcome| &outcome.unmet) {
                    println!("  {name}: line {}, '{}': {}", left.line, left.text, left.why);
                }
                for (error, n) in outcomes.first().map_or(&[][..], |outcome| &outcome.summary.errors) {
                    println!("  {name}: {} for {n} batches", error.name());
                }
            }
        }
    }
    println!();
}

fn as_json(path: &str, options: &Options, columns: &[Column]) -> Value {
    let columns: Vec<Value> = columns
        .iter()
        .map(|(name, outcomes)| match outcomes {
            Err(why) => json!({ "variant": name, "not_played": why }),
            Ok(outcomes) => {
                let figures: Map<String, Value> = Figure::ALL
                    .into_iter()
                    .map(|figure| {
                        let by_seed: Vec<Option<u64>> =
                            outcomes.iter().map(|outcome| figure.of(&outcome.summary)).collect();
                        (figure.key().into(), json!({ "unit": figure.unit(), "by_seed": by_seed }))
                    })
                    .collect();
                json!({ "variant": name, "figures": figures, "runs": outcomes })
            }
        })
        .collect();
    json!({ "script": path, "seeds": options.seeds, "partitions": options.partitions, "variants": columns })
}
