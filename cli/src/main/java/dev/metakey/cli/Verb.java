package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.cli.print.Printer;
import dev.metakey.cli.print.Terminal;
import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;

/** What all verbs share: they ask the daemon, print the answer, and say if it is stale. */
abstract class Verb implements Callable<Integer> {
  /**
   * One attempt only: a person sees at once that there is no daemon, and a script can decide what
   * to do.
   */
  static final Duration AT_ONCE = Duration.ZERO;

  @ParentCommand Metakey metakey;

  @SuppressWarnings("NullAway.Init") // picocli sets the parent
  Verb() {}

  Terminal terminal() {
    return metakey.terminal;
  }

  Printer printer(OutputOption output) {
    return new Printer(terminal(), form(output));
  }

  /** What the verb was told, else what was said before the verb, else a table. */
  Output form(OutputOption output) {
    return output.value != null ? output.value : metakey.form();
  }

  /** Asks for what only the daemon can tell. */
  <T> Answer<T> ask(Function<MetakeyClient, Answer<T>> question) {
    return ask(AT_ONCE, question);
  }

  /**
   * Asks for what only the daemon can tell.
   *
   * @param patience how long the daemon may take to come up
   */
  <T> Answer<T> ask(Duration patience, Function<MetakeyClient, Answer<T>> question) {
    try (Session session = Session.open(metakey, patience, false)) {
      return question.apply(session.client());
    }
  }

  /**
   * Asks for what may take as long as the user allows.
   *
   * @param patience how long the daemon may take to come up
   */
  <T> Answer<T> await(Duration patience, Function<MetakeyClient, Answer<T>> question) {
    try (Session session = Session.open(metakey, patience, false).expectingToWait()) {
      return question.apply(session.client());
    }
  }

  /** Asks for what is published too, and says so if the published answer had to do. */
  <T> Answer<T> read(Function<MetakeyClient, Answer<T>> question) {
    try (Session session = Session.open(metakey, AT_ONCE, true)) {
      Answer<T> answer = question.apply(session.client());
      if (answer.stale()) {
        terminal()
            .note(
                "stale: the daemon cannot be reached; this is what it published last, at revision %d"
                    .formatted(answer.info().revision()));
      }
      return answer;
    }
  }

  /** The line is understood, but its parts do not go together. */
  ParameterException wrong(String message) {
    return new ParameterException(
        metakey.spec.commandLine().getParseResult().subcommand().commandSpec().commandLine(),
        message);
  }
}
