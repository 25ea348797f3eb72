package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.cli.print.Terminal;
import dev.metakey.files.PathText;
import dev.metakey.model.Durations;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
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
 * <p>Adding a verb costs milliseconds even if it does not run, as picocli looks at each of its
 * options. So a run adds only the verbs that the line mentions. If the line mentions none, as in
 * {@code metakey --help}, it adds all of them with nothing but their descriptions. If the line is
 * wrong in any way, it adds all of them whole, so that the message does not depend on this.
 */
final class CommandTree {
  /** In the order of the help. */
  private static final Map<String, Entry> VERBS = new LinkedHashMap<>();

  /**
   * A verb as the list of all shows it.
   *
   * @param maker makes the verb itself
   */
  private record Entry(String description, Supplier<Object> maker, boolean isHidden) {}

  private static void verb(String name, Supplier<Object> maker, String description) {
    VERBS.put(name, new Entry(description, maker, false));
  }

  static {
    verb(
        "register",
        RegisterVerb::new,
        "Give fields an id and a place, for good: all of them, or none.");
    verb(
        "release",
        ReleaseVerb::new,
        "Retire a field of yours, or leave a shared one (admins: anybody's).");
    verb("id", IdVerb::new, "Print the id of a name, and nothing else.");
    verb("resolve", ResolveVerb::new, "Show what names stand for: all of them, or none.");
    verb("list", ListVerb::new, "List fields by id, the kernel's own last.");
    verb("map", MapVerb::new, "Draw all 64 ids with their owners, and the area byte by byte.");
    verb("show", ShowVerb::new, "Show all that is known of a field, whatever its state.");
    verb(
        "header",
        HeaderVerb::new,
        "Show the global header: which ids are in use, and how large their values are.");
    verb(
        "decode",
        DecodeVerb::new,
        "Show by name what a packet carries, from the bytes before it in hex.");
    verb(
        "trace",
        TraceVerb::new,
        "Print by name what packets carry as they pass, until interrupted (root).");
    verb(
        "gen",
        GenVerb::new,
        "Make constants for programs, and scripts that show what packets carry.");
    verb(
        "watch",
        WatchVerb::new,
        "Print the whole state, then every change as it is committed, until interrupted.");
    verb(
        "status", StatusVerb::new, "Show how the daemon is doing; probes can go by the exit code.");
    verb(
        "doctor",
        DoctorVerb::new,
        "Look at the daemon, its files and the host, and say what is wrong and what to do.");
    verb(
        "link",
        LinkVerb::new,
        "Fill in the ids and places in a compiled BPF program, so that any loader loads it.");
    verb(
        "reserve",
        ReserveVerb::new,
        "Tie a name to an id and size before anybody registers it (admins).");
    verb(
        "unreserve",
        UnreserveVerb::new,
        "Untie a name from its id; what is registered stays (admins).");
    verb(
        "plan",
        PlanVerb::new,
        "Show what a file of reservations would change on this host (admins).");
    verb("apply", ApplyVerb::new, "Reserve what a file says: all of it, or nothing (admins).");
    verb("undelete", UndeleteVerb::new, "Bring a retired field back, as it was (admins).");
    verb(
        "transfer",
        TransferVerb::new,
        "Hand a field to another owner, who is then its only one (admins).");
    verb(
        "retag",
        RetagVerb::new,
        "Make a new tag; every program must then be linked again (admins).");
    verb("backup", BackupVerb::new, "Write a backup of the registry to a file (admins).");
    verb(
        "restore",
        RestoreVerb::new,
        "Show what a backup would change, or put the registry back to it (admins).");
    verb("export", ExportVerb::new, "Print all fields and reservations as YAML.");
    verb(
        "import",
        ImportVerb::new,
        "Make the fields and reservations of an export: all of them, or none (admins).");
    verb(
        "read-only",
        ReadOnlyVerb::new,
        "Refuse changes for the time of maintenance, or take them again (admins).");
    verb("reload", ReloadVerb::new, "Have the daemon read its config again (admins).");
    verb(
        "policy", PolicyVerb::new, "Say which rule of the policy decides about somebody (admins).");
    verb(
        "fleet",
        FleetVerb::new,
        "Show the fleet whose hosts agree on ids, join it, or take its ids on (admins).");
    verb(
        "history",
        HistoryVerb::new,
        "List committed changes, oldest first, as far back as they are kept (admins).");
    verb("pending", PendingVerb::new, "List who waits for which names (admins).");
    verb(
        "users",
        UsersVerb::new,
        "List the BPF programs that are loaded, and the fields that they use (admins).");
    verb("help", HelpVerb::new, "Show the help of a verb.");
    VERBS.put(
        "generate-completion",
        new Entry(
            "Print a script that completes verbs, options and names, for bash, zsh or fish.",
            CompletionVerb::new,
            true));
  }

  /** Verbs that need to know all the others. */
  private static final Set<String> ABOUT_ALL = Set.of("help", "generate-completion");

  /** How wide help is where no terminal says, in columns. */
  static final int WIDTH = 100;

  /** picocli makes no help that is narrower. */
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
    if (!Collections.disjoint(words, ABOUT_ALL)) {
      return all(terminal);
    }
    if (Collections.disjoint(words, VERBS.keySet())) {
      return build(terminal, VERBS.keySet(), verb -> CommandSpec.create());
    }
    words.retainAll(VERBS.keySet());
    CommandLine mentioned = build(terminal, words, CommandTree::make);
    try {
      mentioned.parseArgs(args);
      return mentioned;
    } catch (ParameterException e) {
      return all(terminal);
    }
  }

  static CommandLine all(Terminal terminal) {
    return build(terminal, VERBS.keySet(), CommandTree::make);
  }

  private static Object make(Entry verb) {
    return verb.maker.get();
  }

  private static CommandLine build(
      Terminal terminal, Set<String> wanted, Function<Entry, Object> maker) {
    CommandLine line = new CommandLine(new Metakey(terminal));
    VERBS.forEach(
        (name, verb) -> {
          if (wanted.contains(name)) {
            CommandLine made = new CommandLine(maker.apply(verb));
            made.getCommandSpec()
                .usageMessage()
                .description(verb.description)
                .hidden(verb.isHidden);
            line.addSubcommand(name, made);
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
    word(line, Layout.class, "layout");
    word(line, Merge.class, "merge");
    word(line, FieldState.class, "state");
    word(line, TraceVerb.Hook.class, "hook");
    word(line, ReadOnlyVerb.Mode.class, "mode");
    word(line, PolicyVerb.Action.class, "action");
    word(line, FleetVerb.Action.class, "action");
    word(line, GenVerb.Kind.class, "kind");
    word(line, CompletionVerb.Shell.class, "shell");
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
    line.setUsageHelpWidth(Math.max(NARROWEST, terminal.columns(WIDTH)));
    line.setExecutionStrategy(CommandTree::run);
  }

  /**
   * Runs what was read. A form that is given before a verb which prints in one form only is
   * refused.
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

  /** Reads a constant as it is printed; an error lists the ones there are. */
  private static <E extends Enum<E>> void word(CommandLine line, Class<E> type, String what) {
    line.registerConverter(type, text -> converted(word -> Words.parse(type, what, word), text));
  }
}
