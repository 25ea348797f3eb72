package dev.metakey.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A script by which fish completes lines, as picocli makes one for bash. */
final class FishCompletion {
  /** The functions are of fish alone, so that completing takes no process. */
  private static final String FUNCTIONS =
      """
      # Completes metakey in fish; made by 'metakey generate-completion fish'.

      # The verb of the line, if it is complete.
      function __metakey_verb
          set -l words (commandline -opc)
          set -e words[1]
          while set -q words[1]
              switch $words[1]
                  case -o --output --socket --service --timeout
                      set -e words[1]
                  case '-*'
                  case '*'
                      echo $words[1]
                      return 0
              end
              set -e words[1]
          end
          return 1
      end

      function __metakey_has_no_verb
          not __metakey_verb > /dev/null
      end

      # __metakey_is VERB...
      function __metakey_is
          set -l verb (__metakey_verb)
          and contains -- $verb $argv
      end

      # Completes from what the daemon has published beside its socket, or in METAKEY_RUN:
      # __metakey_published names|owners
      function __metakey_published
          set -l socket /run/metakey/metakeyd.sock
          if test -n "$METAKEY_SOCKET"
              set socket $METAKEY_SOCKET
          end
          set -l words (commandline -opc)
          if set -l at (contains -i -- --socket $words)
              set socket $words[(math $at + 1)]
          end
          set -l run (string replace -r '/[^/]*$' '' -- $socket)
          if test -n "$METAKEY_RUN"
              set run $METAKEY_RUN
          end
          if not test -f $run/keys -a -r $run/keys
              return
          end
          if test $argv[1] = names
              string replace -rf '^\\d+ (\\S+) .*' '$1' < $run/keys
          else
              string replace -rf '^\\d+ .* owner=[^ ,:]*:([^ ,]+).*' '$1' < $run/keys
          end
      end

      complete -c metakey -f
      """;

  /** Options whose values are owners, or names of fields. */
  private static final Map<String, String> LIVE =
      Map.of("--owner", "owners", "--to", "owners", "--by", "owners", "--name", "names");

  private final StringBuilder script = new StringBuilder(FUNCTIONS);

  private FishCompletion() {}

  /**
   * @param namers the verbs that take names of fields which are there
   */
  static String script(CommandLine root, Collection<String> namers) {
    FishCompletion completion = new FishCompletion();
    root.getSubcommands().values().stream()
        .map(CommandLine::getCommandSpec)
        .filter(verb -> !verb.usageMessage().hidden())
        .forEach(verb -> completion.verb(verb, namers.contains(verb.name())));
    options(root.getCommandSpec(), "").forEach(completion::line);
    completion.line(
        " -n '__metakey_is help' -a " + quoted(String.join(" ", root.getSubcommands().keySet())));
    return completion.script.toString();
  }

  private void verb(CommandSpec verb, boolean takesNames) {
    line(
        " -n __metakey_has_no_verb -a %s -d %s"
            .formatted(verb.name(), quoted(ManPage.sentence(verb))));
    String condition = " -n '__metakey_is %s'".formatted(verb.name());
    options(verb, condition).forEach(this::line);
    for (PositionalParamSpec parameter : verb.positionalParameters()) {
      if (parameter.completionCandidates() != null) {
        line(condition + " -a " + quoted(candidates(parameter)));
      } else if (parameter.type() == Path.class) {
        line(condition + " -F");
      }
    }
    if (takesNames) {
      line(condition + " -a '(__metakey_published names)'");
    }
  }

  private static List<String> options(CommandSpec spec, String condition) {
    List<String> lines = new ArrayList<>();
    for (OptionSpec option : spec.options()) {
      if (option.inherited() || option.hidden()) {
        continue;
      }
      StringBuilder line = new StringBuilder(condition);
      for (String name : option.names()) {
        line.append(
            name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
      }
      line.append(value(option)).append(" -d ").append(quoted(description(option)));
      lines.add(line.toString());
    }
    return lines;
  }

  private static String value(OptionSpec option) {
    String live = LIVE.get(option.longestName());
    if (option.arity().max() == 0) {
      return "";
    } else if (live != null) {
      return " -x -a '(__metakey_published %s)'".formatted(live);
    } else if (option.completionCandidates() != null) {
      return " -x -a " + quoted(candidates(option));
    }
    return option.type() == Path.class ? " -r -F" : " -x";
  }

  private static String candidates(ArgSpec argument) {
    return StreamSupport.stream(argument.completionCandidates().spliterator(), false)
        .collect(Collectors.joining(" "));
  }

  /** The first sentence, as there is one line for it. */
  private static String description(OptionSpec option) {
    String text = String.join(" ", option.description());
    return text.replaceFirst("\\. .*", "").replaceFirst("\\.$", "");
  }

  private void line(String rest) {
    script.append("complete -c metakey").append(rest).append('\n');
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
