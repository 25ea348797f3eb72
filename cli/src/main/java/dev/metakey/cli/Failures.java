package dev.metakey.cli;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;

import dev.metakey.cli.print.Terminal;
import dev.metakey.files.Failure;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** What every failure says and exits with: the one place where that is decided. */
final class Failures implements IParameterExceptionHandler, IExecutionExceptionHandler {
  /** How picocli begins what it says of an option at the end of the line. */
  private static final String NO_VALUE = "Missing required parameter for option";

  /** What picocli says of a value. */
  private static final Pattern WRONG_VALUE =
      Pattern.compile(
          "Invalid value for (option '(?<option>[^']+)'|positional parameter at index [0-9.*]+)( \\([^)]*\\))?: (?<why>.*)",
          Pattern.DOTALL);

  private final Terminal terminal;

  Failures(Terminal terminal) {
    this.terminal = terminal;
  }

  /** The line cannot be understood. */
  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine where = e.getCommandLine();
    terminal.fail(message(e), "see '%s --help'".formatted(where.getCommandSpec().qualifiedName()));
    return where.getCommandSpec().exitCodeOnInvalidInput();
  }

  private static String message(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      return unknown(unmatched, unmatched.getUnmatched().get(0));
    }
    String text = String.valueOf(e.getMessage());
    if (e instanceof MissingParameterException missing && !missing.getMissing().isEmpty()) {
      return missing(missing.getMissing(), text.startsWith(NO_VALUE));
    }
    Matcher wrong = WRONG_VALUE.matcher(text);
    return wrong.matches()
        ? (wrong.group("option") == null ? "" : wrong.group("option") + ": ") + wrong.group("why")
        : text;
  }

  /** Says what it is that is missing, in the words of the help. */
  private static String missing(List<ArgSpec> what, boolean isValue) {
    ArgSpec first = what.get(0);
    if (isValue) {
      return "%s needs a value, %s: %s"
          .formatted(((OptionSpec) first).longestName(), first.paramLabel(), meaning(first));
    }
    return what.size() == 1
        ? "%s is missing: %s".formatted(name(first), meaning(first))
        : what.stream()
            .map(argument -> "%s (%s)".formatted(name(argument), meaning(argument)))
            .collect(joining(" and ", "", " are missing"));
  }

  private static String name(ArgSpec argument) {
    return argument instanceof OptionSpec option
        ? option.longestName() + " " + option.paramLabel()
        : argument.paramLabel();
  }

  /** The first sentence of its description, to go on after a colon. */
  private static String meaning(ArgSpec argument) {
    String sentence = String.join(" ", argument.description()).split("\\.( |$)", 2)[0];
    return sentence.matches("[A-Z][a-z].*")
        ? Character.toLowerCase(sentence.charAt(0)) + sentence.substring(1)
        : sentence;
  }

  private static String unknown(UnmatchedArgumentException e, String word) {
    CommandLine where = e.getCommandLine();
    boolean isOption = word.startsWith("-");
    boolean isVerb = !isOption && where.getParent() == null;
    String what = isOption ? "option" : isVerb ? "verb" : "argument";
    String text = "%s '%s' is not known here".formatted(what, word);
    Set<String> known =
        isOption ? where.getCommandSpec().optionsMap().keySet() : where.getSubcommands().keySet();
    // One letter is like any other.
    List<String> similar =
        Similar.to(word, known.stream().filter(name -> !name.matches("-.")).toList());
    if (!similar.isEmpty()) {
      return text + "; did you mean " + String.join(" or ", similar) + "?";
    }
    if (isOption) {
      return text + "; allowed: " + options(known);
    }
    return isVerb
        ? text + "; allowed: " + String.join(" ", known)
        : "%s: '%s' takes no more arguments".formatted(text, where.getCommandSpec().name());
  }

  /** The long names: each option has one. */
  private static String options(Set<String> known) {
    return known.stream().filter(name -> name.startsWith("--")).sorted().collect(joining(" "));
  }

  /** The line was understood, and could not be done. */
  @Override
  public int handleExecutionException(Exception e, CommandLine line, ParseResult parsed) {
    if (isDebugging(parsed)) {
      e.printStackTrace(terminal.err());
    }
    if (e instanceof MetakeyException refusal) {
      terminal.fail(refusal.text(), hint(refusal.reason()));
      return refusal.reason().exitCode();
    }
    if (e instanceof ParameterException wrong) {
      return handleParseException(wrong, new String[0]);
    }
    if (e instanceof UncheckedIOException unwritten) {
      return cannotWrite(terminal, unwritten);
    }
    if (e instanceof IOException unwritten) {
      terminal.fail(Failure.words(unwritten), null);
      return Reason.INTERNAL.exitCode();
    }
    terminal.fail("this is a defect of metakey: " + e, hint(Reason.INTERNAL));
    return Reason.INTERNAL.exitCode();
  }

  private boolean isDebugging(ParseResult parsed) {
    return terminal.environment("METAKEY_DEBUG") != null
        || (parsed.commandSpec().root().userObject() instanceof Metakey metakey && metakey.debug);
  }

  /** A reader who has gone needs no message; a full disk is worth one. */
  static int cannotWrite(Terminal terminal, UncheckedIOException e) {
    if (terminal.isOutPipe()) {
      return Exit.CLOSED_PIPE;
    }
    terminal.fail(
        "the output cannot be written: " + Failure.words(requireNonNull(e.getCause())), null);
    return Reason.INTERNAL.exitCode();
  }

  /** Advice beyond the message itself. */
  private static @Nullable String hint(Reason reason) {
    return switch (reason) {
      case STORE_FAILED -> "nothing was changed; 'metakey status' shows the daemon's problems";
      case WRONG_GENERATION -> "'metakey show NAME' shows the field that has the name now";
      case NO_FREE_ID, NO_FREE_SLOT -> "'metakey list' shows who holds what";
      case QUOTA_EXCEEDED ->
          "'metakey list' shows who holds ids, 'metakey status' how much of each limit is used";
      case TOO_MANY_WAITERS -> "'metakey pending' shows admins who waits for what";
      case INTERNAL -> "please report it, with what --debug shows";
      case INVALID_NAME,
          INVALID_SIZE,
          INVALID_ATTRIBUTE,
          INVALID_REQUEST,
          NOT_FOUND,
          MISMATCH,
          OWNED_BY_OTHER,
          NOT_PERMITTED,
          ID_TAKEN,
          IN_USE,
          READ_ONLY,
          UNAVAILABLE,
          FLEET_AWAY,
          DEADLINE_EXCEEDED ->
          null;
    };
  }
}
