//! `kraftscope models`: visits every state of an abstract model of Kafka's replication.
//!
//! The last line of the text and the fields of the JSON are figures that can be compared with TLC's. A search
//! that a limit cut short says so on the error stream and ends with status 1.

use crate::arguments::{number, word};
use cpu_time::ProcessTime;
use kraftscope_models::explore::{Cut, Limits};
use kraftscope_models::rules::Rules;
use kraftscope_models::run::{Search, Subject, Verdict};
use kraftscope_models::spec::{Rule, Size, Spec};
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How `kraftscope models` is called.
pub(crate) const USAGE: &str = "\
kraftscope models --spec hw|kip101|kip279|kip320-first-try|kip320|async-isr [--replicas N] [--log N]
                  [--records N] [--max-epoch N] [--without RULE]... [--max-states N] [--json]
    Visits every state of an abstract model of Kafka's replication, and prints how many there are, how
    deep they lie, and the shortest way to break WeakIsr and StrongIsr, in states. Without sizes:
    3 replicas, log 2, 2 records, epochs 0 to 2. --without switches off a rule of kip320 (fetch-epoch,
    hw-epoch, expand-epoch, epoch-start, truncate-epoch) or of async-isr (pending-isr). For async-isr
    --log is the highest offset and --max-epoch the highest version (default 3). --max-states
    (default 50000000, about 1 GB) ends a search that is too large: then the status is 1.
";

/// The one rule of async-isr.
const PENDING_ISR: &str = "pending-isr";

#[derive(Debug)]
struct Options {
    spec: Option<String>,
    replicas: u32,
    log: u32,
    records: u32,
    max_epoch: Option<u32>,
    without: Vec<String>,
    limits: Limits,
    as_json: bool,
}

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<(), String> {
    let options = options(arguments)?;
    let spec = options.spec.as_deref().ok_or_else(|| format!("--spec is missing: {}", specs()))?;
    let subject = subject(spec, &options.without)?;
    let default_epoch = if matches!(subject, Subject::AsyncIsr { .. }) { 3 } else { 2 };
    let Options { replicas, log, records, limits, .. } = options;
    let size = Size { replicas, log, records, max_epoch: options.max_epoch.unwrap_or(default_epoch) };
    let started = ProcessTime::now();
    let mut search = Search::new(subject, size, limits)?;
    advance(&mut search);
    let seconds = started.elapsed().as_secs_f64();
    let verdicts = search.verdicts();
    if options.as_json {
        println!("{}", report(&search, &verdicts, seconds));
    } else {
        print!("{}", text(&search, &verdicts, seconds));
    }
    search.cut().map_or(Ok(()), |cut| Err(cut_short(cut, &search, limits)))
}

fn options(arguments: &mut lexopt::Parser) -> Result<Options, String> {
    let mut options = Options {
        spec: None,
        replicas: 3,
        log: 2,
        records: 2,
        max_epoch: None,
        without: Vec::new(),
        limits: Limits::default(),
        as_json: false,
    };
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        let lexopt::Arg::Long(name) = argument else { return Err(argument.unexpected().to_string()) };
        let name = name.to_owned();
        match name.as_str() {
            "json" => options.as_json = true,
            "spec" => options.spec = Some(word(arguments)?),
            "without" => options.without.push(word(arguments)?),
            "replicas" => options.replicas = number(arguments, &name)?,
            "log" => options.log = number(arguments, &name)?,
            "records" => options.records = number(arguments, &name)?,
            "max-epoch" => options.max_epoch = Some(number(arguments, &name)?),
            "max-states" => options.limits.states = u64::max(1, number(arguments, &name)?),
            _ => return Err(format!("--{name} is no option of 'models'\n\n{USAGE}")),
        }
    }
    Ok(options)
}

fn specs() -> String {
    let names: Vec<&str> = Spec::ALL.iter().map(|spec| spec.name()).collect();
    format!("one of {}, async-isr", names.join(", "))
}

fn subject(spec: &str, without: &[String]) -> Result<Subject, String> {
    if spec == "async-isr" {
        let unknown = without.iter().find(|name| *name != PENDING_ISR);
        return match unknown {
            Some(name) => Err(format!("--without {name}: async-isr has one rule, {PENDING_ISR}")),
            None => Ok(Subject::AsyncIsr { pending_counts: without.is_empty() }),
        };
    }
    let known = Spec::named(spec).ok_or_else(|| format!("--spec {spec}: {}", specs()))?;
    let mut rules = Rules::of(known);
    for name in without {
        let rule = Rule::named(name).ok_or_else(|| unknown_rule(name))?;
        if known != Spec::Kip320 {
            return Err(format!("--without {name}: only kip320 has rules that can be switched off"));
        }
        rules = rules.without(rule);
    }
    Ok(Subject::Partition(rules))
}

fn unknown_rule(name: &str) -> String {
    let rules = Rule::ALL.map(|rule| format!("    {:<15} {}", rule.name(), rule.meaning()));
    format!("--without {name}: no such rule; the rules are\n{}", rules.join("\n"))
}

/// Runs to the end, with a word now and then for someone who waits at a terminal.
fn advance(search: &mut Search) {
    let talk = std::io::stderr().is_terminal();
    let mut spoken = Instant::now();
    while search.advance(1 << 16) {
        if talk && spoken.elapsed() > Duration::from_secs(2) {
            spoken = Instant::now();
            eprintln!("{} states, depth {}", search.states(), search.depth());
        }
    }
}

fn cut_short(cut: Cut, search: &Search, limits: Limits) -> String {
    let found = search.states();
    let why = match cut {
        Cut::States => format!("--max-states {} was reached", limits.states),
        Cut::Depth => format!("the depth {} was reached", limits.depth),
        Cut::Memory => "the memory is used up".into(),
        Cut::Broken => "a promise was broken".into(),
    };
    format!(
        "THE SEARCH WAS CUT SHORT: {why}. There are more than these {found} states, and what they break is \
         not known. A larger --max-states, or a smaller model, may see them all"
    )
}

fn report(search: &Search, verdicts: &[Verdict], seconds: f64) -> Value {
    let mut report = json!({
        "states": search.states(),
        "generated": search.generated(),
        "depth": search.depth(),
        "complete": search.cut().is_none(),
        "weak_isr": null,
        "strong_isr": null,
        "seconds": seconds,
        "states_per_cpu_s": (search.states() as f64 / seconds).round(),
    });
    for verdict in verdicts {
        report[verdict.promise] = json!(verdict.length);
    }
    report
}

fn text(search: &Search, verdicts: &[Verdict], seconds: f64) -> String {
    let mut text = String::new();
    if verdicts.iter().any(|verdict| verdict.length.is_some()) {
        text += &format!("{}\n\n", search.legend());
    }
    for Verdict { promise, length, steps } in verdicts {
        let Some(length) = length else {
            let known =
                if search.cut().is_none() { "holds in every state" } else { "holds as far as was seen" };
            text += &format!("{promise}: {known}\n\n");
            continue;
        };
        text += &format!("{promise}: broken, at the soonest after {length} states\n");
        for (number, (done, state)) in steps.iter().enumerate() {
            text += &format!("{:>3}  {done:<72} {state}\n", number + 1);
        }
        text.push('\n');
    }
    let (states, depth, generated) = (search.states(), search.depth(), search.generated());
    text + &format!("{states} states, depth {depth}, {generated} generated, {seconds:.2} CPU-seconds\n")
}
