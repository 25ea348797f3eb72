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
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/**
 * The verbs, and how a line is read.
 *
 * <p>Adding a verb costs milliseconds even if it does not run, as picocli looks at each of its
 * options. So a run adds only the verbs that the line mentions. If the line is wrong in any way, it
 * adds all of them, so that the message does not depend on this.
 */
final class CommandTree {
  /** Not in the list of all verbs. */
  private static final String HIDDEN = "generate-completion";

  /** What each verb does, in the order of the help. */
  private static final Map<String, String> VERBS = new LinkedHashMap<>();

  static {
    VERBS.put("register", "Give fields an id and a place, for good: all of them, or none.");
    VERBS.put("release", "Retire a field of yours, or leave a shared one (admins: anybody's).");
    VERBS.put("id", "Print the id of a name, and nothing else.");
    VERBS.put("resolve", "Show what names stand for: all of them, or none.");
    VERBS.put("list", "List fields by id, the kernel's own last.");
    VERBS.put("map", "Draw all 64 ids with their owners, and the area byte by byte.");
    VERBS.put("show", "Show all that is known of a field, whatever its state.");
    VERBS.put(
        "header", "Show the global header: which ids are in use, and how large their values are.");
    VERBS.put("decode", "Show by name what a packet carries, from the bytes before it in hex.");
    VERBS.put("trace", "Print by name what packets carry as they pass, until interrupted (root).");
    VERBS.put("gen", "Make constants for programs, and scripts that show what packets carry.");
    VERBS.put(
        "watch", "Print the whole state, then every change as it is committed, until interrupted.");
    VERBS.put("status", "Show how the daemon is doing; probes can go by the exit code.");
    VERBS.put(
        "doctor",
        "Look at the daemon, its files and the host, and say what is wrong and what to do.");
    VERBS.put(
        "link",
        "Fill in the ids and places in a compiled BPF program, so that any loader loads it.");
    VERBS.put("reserve", "Tie a name to an id and size before anybody registers it (admins).");
    VERBS.put("unreserve", "Untie a name from its id; what is registered stays (admins).");
    VERBS.put("plan", "Show what a file of reservations would change on this host (admins).");
    VERBS.put("apply", "Reserve what a file says: all of it, or nothing (admins).");
    VERBS.put("undelete", "Bring a retired field back, as it was (admins).");
    VERBS.put("transfer", "Hand a field to another owner, who is then its only one (admins).");
    VERBS.put("retag", "Make a new tag; every program must then be linked again (admins).");
    VERBS.put("backup", "Write a backup of the registry to a file (admins).");
    VERBS.put(
        "restore", "Show what a backup would change, or put the registry back to it (admins).");
    VERBS.put("export", "Print all fields and reservations as YAML.");
    VERBS.put(
        "import", "Make the fields and reservations of an export: all of them, or none (admins).");
    VERBS.put(
        "read-only", "Refuse changes for the time of maintenance, or take them again (admins).");
    VERBS.put("reload", "Have the daemon read its config again (admins).");
    VERBS.put("policy", "Say which rule of the policy decides about somebody (admins).");
    VERBS.put(
        "fleet", "Show the fleet whose hosts agree on ids, join it, or take its ids on (admins).");
    VERBS.put(
        "history", "List committed changes, oldest first, as far back as they are kept (admins).");
    VERBS.put("pending", "List who waits for which names (admins).");
    VERBS.put(
        "users", "List the BPF programs that are loaded, and the fields that they use (admins).");
    VERBS.put("help", "Show the help of a verb.");
    VERBS.put(
        HIDDEN, "Print a script that completes verbs, options and names, for bash, zsh or fish.");
  }

  /** Verbs that need to know all the others. */
  private static final Set<String> ABOUT_ALL = Set.of("help", HIDDEN);

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
    Set<String> words = new LinkedHashSet<>(Arrays.asList(args));
    if (Collections.disjoint(words, ABOUT_ALL)) {
      words.retainAll(VERBS.keySet());
      CommandLine mentioned = build(terminal, words);
      try {
        mentioned.parseArgs(args);
        return mentioned;
      } catch (ParameterException e) {
        // the message is to know all verbs
      }
    }
    return all(terminal);
  }

  static CommandLine all(Terminal terminal) {
    return build(terminal, VERBS.keySet());
  }

  private static CommandLine build(Terminal terminal, Set<String> wanted) {
    CommandLine line = new CommandLine(new Metakey(terminal));
    for (String name : wanted) {
      CommandLine verb = new CommandLine(make(name));
      verb.getCommandSpec().usageMessage().description(VERBS.get(name)).hidden(name.equals(HIDDEN));
      line.addSubcommand(name, verb);
      arrange(verb.getCommandSpec(), "%nOptions:%n");
    }
    configure(line, terminal);
    arrange(line.getCommandSpec(), "%nOptions, before or after the verb:%n");
    line.getCommandSpec().usageMessage().customSynopsis("metakey [OPTIONS] VERB");
    line.getHelpSectionMap().remove(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING);
    line.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, CommandTree::verbs);
    return line;
  }

  /** A verb by itself: a map of makers would load the classes of all. */
  private static Object make(String verb) {
    return switch (verb) {
      case "register" -> new RegisterVerb();
      case "release" -> new ReleaseVerb();
      case "id" -> new IdVerb();
      case "resolve" -> new ResolveVerb();
      case "list" -> new ListVerb();
      case "map" -> new MapVerb();
      case "show" -> new ShowVerb();
      case "header" -> new HeaderVerb();
      case "decode" -> new DecodeVerb();
      case "trace" -> new TraceVerb();
      case "gen" -> new GenVerb();
      case "watch" -> new WatchVerb();
      case "status" -> new StatusVerb();
      case "doctor" -> new DoctorVerb();
      case "link" -> new LinkVerb();
      case "reserve" -> new ReserveVerb();
      case "unreserve" -> new UnreserveVerb();
      case "plan" -> new PlanVerb();
      case "apply" -> new ApplyVerb();
      case "undelete" -> new UndeleteVerb();
      case "transfer" -> new TransferVerb();
      case "retag" -> new RetagVerb();
      case "backup" -> new BackupVerb();
      case "restore" -> new RestoreVerb();
      case "export" -> new ExportVerb();
      case "import" -> new ImportVerb();
      case "read-only" -> new ReadOnlyVerb();
      case "reload" -> new ReloadVerb();
      case "policy" -> new PolicyVerb();
      case "fleet" -> new FleetVerb();
      case "history" -> new HistoryVerb();
      case "pending" -> new PendingVerb();
      case "users" -> new UsersVerb();
      case "help" -> new HelpVerb();
      case HIDDEN -> new CompletionVerb();
      default -> throw new IllegalArgumentException(verb);
    };
  }

  /** What verbs there are, with what each does. */
  static Map<String, String> verbs() {
    Map<String, String> verbs = new LinkedHashMap<>(VERBS);
    verbs.remove(HIDDEN);
    return verbs;
  }

  /** The list of verbs in the help, whichever of them this line has. */
  private static String verbs(Help help) {
    int width = help.commandSpec().usageMessage().width();
    int first = verbs().keySet().stream().mapToInt(String::length).max().orElse(0) + 2;
    TextTable table =
        TextTable.forColumns(
            help.colorScheme(),
            new Column(first, 2, Column.Overflow.SPAN),
            new Column(width - first, 2, Column.Overflow.WRAP));
    verbs()
        .forEach(
            (name, description) ->
                table.addRowValues(
                    help.colorScheme().commandText(name), help.colorScheme().text(description)));
    return "%n%s%n%s".formatted("Verbs:", table);
  }

  private static void arrange(CommandSpec spec, String optionListHeading) {
    spec.usageMessage()
        .sortOptions(false)
        .abbreviateSynopsis(true)
        .parameterListHeading("%n")
        .optionListHeading(optionListHeading)
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
