package dev.metakey.cli;

import static java.util.stream.Collectors.joining;

import dev.metakey.model.Words;
import java.util.ArrayList;
import java.util.List;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "generate-completion",
    footer = {
      "  metakey generate-completion",
      "  metakey generate-completion fish",
      "",
      "For bash and fish the script is to be sourced; that for zsh is a file named _metakey in a",
      "directory of fpath.",
    },
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT})
final class CompletionVerb extends Verb {
  /** Whose completion. */
  enum Shell {
    BASH,
    ZSH,
    FISH;

    /** The name in lower case. */
    @Override
    public String toString() {
      return Words.lower(this);
    }
  }

  /** Verbs that take the names of fields which are there. */
  private static final List<String> NAMERS =
      List.of("id", "resolve", "show", "release", "transfer", "trace", "users");

  @Parameters(
      paramLabel = "SHELL",
      arity = "0..1",
      description =
          "Whose script: ${COMPLETION-CANDIDATES}. Default: bash, which zsh can source, too.")
  Shell shell = Shell.BASH;

  /**
   * Completes names of fields and owners besides. They come from the published keys, by the shell
   * itself: this takes no process, and never waits, as only a plain file is read. It is for bash,
   * and for zsh with bashcompinit.
   */
  private static final String LIVE =
      """

      # Completes from what the daemon has published beside its socket, or in METAKEY_RUN:
      # _metakey_published names|owners WORD
      _metakey_published() {
        local i socket="${METAKEY_SOCKET:-/run/metakey/metakeyd.sock}" run id name rest owner
        for ((i = 1; i < COMP_CWORD; i++)); do
          if [[ "${COMP_WORDS[i]}" == --socket ]]; then socket="${COMP_WORDS[i + 1]}"; fi
        done
        run="${METAKEY_RUN:-${socket%/*}}"
        if [[ ! -f "$run/keys" || ! -r "$run/keys" ]]; then return; fi
        while read -r id name rest; do
          if [[ "$id" == '#'* ]]; then
            continue
          elif [[ "$1" == names ]]; then
            if [[ "$name" == "$2"* ]]; then COMPREPLY+=("$name"); fi
          elif [[ "$rest" == *' owner='* ]]; then
            owner="${rest##* owner=}" owner="${owner%%[ ,]*}" owner="${owner#*:}"
            if [[ "$owner" == "$2"* && " ${COMPREPLY[*]} " != *" $owner "* ]]; then COMPREPLY+=("$owner"); fi
          fi
        done < "$run/keys"
      }

      _complete_metakey_live() {
        local i verb='' at=0 word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}"
        for ((i = 1; i < COMP_CWORD; i++)); do
          case "${COMP_WORDS[i]}" in
            -o | --output | --socket | --service | --timeout) i=$((i + 1)) ;;
            -*) ;;
            *)
              verb="${COMP_WORDS[i]}" at=$i
              break
              ;;
          esac
        done
        COMPREPLY=()
        case "$verb $before" in
          *' --owner' | 'transfer --to' | 'history --by')
            _metakey_published owners "$word"
            return
            ;;
          *' --name')
            _metakey_published names "$word"
            return
            ;;
          *' --force' | *' --now' | *' --container' | *' --debug') ;;
          *' -'*) verb='' ;; # the value of an option
        esac
        case "$verb $word" in
          *' -'*) ;;
          'gen '*) if ((COMP_CWORD > at + 1)); then _metakey_published names "$word"; fi ;;
          @namers@) _metakey_published names "$word" ;;
        esac
        if ((${#COMPREPLY[@]} == 0)); then _complete_metakey "$@"; fi
      }

      complete -F _complete_metakey_live -o default metakey
      """;

  /** Above what bash and zsh share, in a file that zsh loads by itself at the first completion. */
  private static final String ZSH_BEGIN =
      """
      #compdef metakey
      autoload -U +X bashcompinit && bashcompinit
      """;

  private static final String ZSH_END = "_bash_complete -o default -F _complete_metakey_live";

  /** Where picocli's functions begin; what is above sets up the shell. */
  private static final String FUNCTIONS = "# CompWordsContainsArray ";

  @Override
  public Integer call() {
    CommandLine root = metakey.spec.commandLine();
    switch (shell) {
      case BASH -> terminal().line(AutoComplete.bash("metakey", root) + live().stripTrailing());
      case ZSH -> {
        String bash = AutoComplete.bash("metakey", root);
        String functions = bash.substring(bash.indexOf(FUNCTIONS));
        terminal().line(ZSH_BEGIN + functions + live() + ZSH_END);
      }
      case FISH -> terminal().line(FishCompletion.script(root, namers()).stripTrailing());
    }
    return 0;
  }

  private static String live() {
    return LIVE.replace(
        "@namers@", NAMERS.stream().map("'%s '*"::formatted).collect(joining(" | ")));
  }

  /** Those whose first argument is something else, too. */
  private static List<String> namers() {
    List<String> all = new ArrayList<>(NAMERS);
    all.add("gen");
    return all;
  }
}
