//! The functions of the driver and their blocking forms.

/// The source of the block that begins with `begin`.
fn block<'s>(source: &'s str, begin: &str) -> &'s str {
    let (_, rest) = source.split_once(begin).unwrap();
    rest.split_once("\n}\n").unwrap().0
}

/// The name of a function, from the text after `fn`.
fn name(text: &str) -> &str {
    text.split(['(', '<']).next().unwrap()
}

/// Returns the functions that `Deref` does not pass on. An async function would only create a future. A function that creates
/// or consumes the value is out of reach.
fn not_passed_on(source: &str) -> Vec<&str> {
    let functions = source.split("\n    pub ").skip(1).filter_map(|function| {
        let (signature, _) = function.split_once(" {\n")?;
        let (kind, rest) = signature.split_once("fn ")?;
        let waits = kind.contains("async") || signature.contains("-> impl Future");
        let passed_on = ["&self", "&mut self"]
            .iter()
            .any(|receiver| rest.contains(receiver));
        (waits || !passed_on).then_some(name(rest))
    });
    functions.collect()
}

/// The functions of a block, written out or as arguments of the macro.
fn blocking_forms(source: &str) -> Vec<&str> {
    let (macros, written): (Vec<_>, Vec<_>) = source.lines().partition(|line| line.starts_with("        "));
    let written = written
        .into_iter()
        .filter_map(|line| line.trim_start().strip_prefix("pub fn "));
    let macros = macros
        .into_iter()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("T::"));
    written.chain(macros).map(name).collect()
}

#[test]
fn every_function_that_waits_has_a_blocking_form() {
    let (client, mailer) = (include_str!("client.rs"), include_str!("mailer.rs"));
    for (kind, source, blocking, one) in [
        ("Client", include_str!("../client.rs"), client, "send"),
        ("Client", include_str!("../steps.rs"), client, "xclient"),
        ("ClientBuilder", include_str!("../builder.rs"), client, "connect"),
        ("Pool", include_str!("../pool.rs"), mailer, "close"),
        ("Mailer", include_str!("../mailer.rs"), mailer, "new"),
        (
            "Session",
            include_str!("../session.rs"),
            include_str!("../blocking.rs"),
            "wait",
        ),
    ] {
        let needed = not_passed_on(block(source, &format!("impl<T: Transport> {kind}<T> {{")));
        assert!(needed.contains(&one), "{kind}: {needed:?}");
        let forms = blocking_forms(block(
            blocking,
            &format!("impl<T: BlockOn> Blocking<{kind}<T>> {{"),
        ));
        let missing: Vec<_> = needed.iter().filter(|name| !forms.contains(name)).collect();
        assert!(missing.is_empty(), "{kind} lacks {missing:?} in {forms:?}");
    }
}
