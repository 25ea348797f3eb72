package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.cli.print.Terminal;
import dev.metakey.files.PathText;
import dev.metakey.model.Durations;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Words;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/**
 * The verbs, and how a line is read.
 *
 * <p>A verb costs milliseconds only to be known, as picocli looks at every option of it. So a run
 * knows no verbs but those that the line mentions; and all of them if it mentions none, or is wrong
 * in any way, so that what it is told does not depend on this.
 */
final class CommandTree {
  /** In the order of the help. */
  private static final Map<String, Supplier<Object>> VERBS = new LinkedHashMap<>();

  static {
    VERBS.put("register", RegisterVerb::new);
    VERBS.put("release", ReleaseVerb::new);
    VERBS.put("id", IdVerb::new);
    VERBS.put("resolve", ResolveVerb::new);
    VERBS.put("list", ListVerb::new);
    VERBS.put("show", ShowVerb::new);
    VERBS.put("header", HeaderVerb::new);
    VERBS.put("decode", DecodeVerb::new);
    VERBS.put("watch", WatchVerb::new);
    VERBS.put("status", StatusVerb::new);
    VERBS.put("link", LinkVerb::new);
    VERBS.put("reserve", ReserveVerb::new);
    VERBS.put("unreserve", UnreserveVerb::new);
    VERBS.put("undelete", UndeleteVerb::new);
    VERBS.put("transfer", TransferVerb::new);
    VERBS.put("history", HistoryVerb::new);
    VERBS.put("pending", PendingVerb::new);
    VERBS.put("users", UsersVerb::new);
    VERBS.put("help", HelpVerb::new);
    VERBS.put("generate-completion", CompletionVerb::new);
  }

  /** Verbs that need to know all the others. */
  private static final Set<String> ABOUT_ALL = Set.of("help", "generate-completion");

  /** The width of help that goes to no terminal, in columns. */
  private static final int WIDTH = 100;

  private static final int NARROWEST = 55;

  private CommandTree() {}

  /** Runs one line, and says how to exit. */
  static int run(Terminal terminal, String... args) {
    int code = reading(terminal, args).execute(args);
    try {
      terminal.flush();
      return code;
    } catch (UncheckedIOException e) {
      // Whatever failed has already said why.
      return code == 0 ? Failures.cannotWrite(terminal, e) : code;
    }
  }

  private static CommandLine reading(Terminal terminal, String... args) {
    Set<String> words = new HashSet<>(Arrays.asList(args));
    if (Collections.disjoint(words, VERBS.keySet()) || !Collections.disjoint(words, ABOUT_ALL)) {
      return all(terminal);
    }
    CommandLine mentioned = build(terminal, words::contains);
    try {
      mentioned.parseArgs(args);
      return mentioned;
    } catch (ParameterException e) {
      return all(terminal);
    }
  }

  static CommandLine all(Terminal terminal) {
    return build(terminal, verb -> true);
  }

  private static CommandLine build(Terminal terminal, Predicate<String> isWanted) {
    CommandLine line = new CommandLine(new Metakey(terminal));
    VERBS.forEach(
        (verb, supplier) -> {
          if (isWanted.test(verb)) {
            line.addSubcommand(verb, supplier.get());
          }
        });
    configure(line, terminal);
    arrange(line.getCommandSpec(), "%nOptions, before or after the verb:%n");
    line.getSubcommands().values().forEach(verb -> arrange(verb.getCommandSpec(), "%nOptions:%n"));
    return line;
  }

  private static void arrange(CommandSpec spec, String optionListHeading) {
    spec.usageMessage()
        .sortOptions(false)
        .abbreviateSynopsis(true)
        .parameterListHeading("%n")
        .optionListHeading(optionListHeading)
        .commandListHeading("%nVerbs:%n")
        .exitCodeListHeading("%nExit codes:%n")
        .footerHeading("%nExamples:%n");
  }

  private static void configure(CommandLine line, Terminal terminal) {
    line.registerConverter(Duration.class, text -> converted(Durations::parse, text));
    line.registerConverter(Path.class, text -> converted(PathText::parse, text));
    word(line, Output.class, "output");
    word(line, Format.class, "format");
    word(line, Merge.class, "merge");
    word(line, FieldState.class, "state");
    Failures failures = new Failures(terminal);
    line.setParameterExceptionHandler(failures);
    line.setExecutionExceptionHandler(failures);
    // "@name" would be read as the name of a file with more arguments.
    line.setExpandAtFiles(false);
    // A service may have the name of a verb.
    line.setAllowSubcommandsAsOptionParameters(true);
    line.setOut(new PrintWriter(terminal.out()));
    line.setErr(terminal.err());
    line.setColorScheme(
        Help.defaultColorScheme(terminal.isOutColoured() ? Help.Ansi.ON : Help.Ansi.OFF));
    setWidth(line, terminal);
    line.setExecutionStrategy(CommandTree::run);
  }

  /** The terminal's, where there is one; COLUMNS where that is set; else what most screens show. */
  private static void setWidth(CommandLine line, Terminal terminal) {
    String columns = terminal.environment("COLUMNS");
    if (columns != null && columns.matches("[0-9]{1,4}")) {
      line.setUsageHelpWidth(Math.max(NARROWEST, Integer.parseInt(columns)));
    } else {
      line.setUsageHelpWidth(WIDTH);
      line.setUsageHelpAutoWidth(terminal.isOutTerminal());
    }
  }

  /**
   * Runs what was read; a form that is said before a verb which has nothing to print is refused.
   */
  private static int run(ParseResult parsed) {
    ParseResult verb = parsed.subcommand();
    Object said = parsed.matchedOptionValue("-o", null);
    if (verb != null && said != null && !hasForm(verb.commandSpec())) {
      throw new ParameterException(
          verb.commandSpec().commandLine(),
          "option '-o' makes no sense here: %s has one form only"
              .formatted(verb.commandSpec().name()));
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private static boolean hasForm(CommandSpec verb) {
    return verb.options().stream().anyMatch(option -> option.type() == Output.class);
  }

  private static <T> T converted(Function<String, T> parse, String text) {
    try {
      return parse.apply(text);
    } catch (MetakeyException e) {
      throw new TypeConversionException(e.text());
    }
  }

  /** Reads a constant as it is printed, and says which there are. */
  private static <E extends Enum<E>> void word(CommandLine line, Class<E> type, String what) {
    line.registerConverter(type, text -> converted(word -> Words.parse(type, what, word), text));
  }
}
