//! What the commands share in reading their arguments.

/// The text behind an option.
///
/// # Errors
/// When nothing stands there.
pub(crate) fn word(arguments: &mut lexopt::Parser) -> Result<String, String> {
    let value = arguments.value().map_err(|error| error.to_string())?;
    Ok(value.to_string_lossy().into_owned())
}

/// The number behind the option `--name`.
///
/// # Errors
/// Names the option and what is expected.
pub(crate) fn number<N: std::str::FromStr>(arguments: &mut lexopt::Parser, name: &str) -> Result<N, String> {
    let text = word(arguments)?;
    text.parse().map_err(|_| format!("--{name} {text}: write a whole number that is not too large"))
}
