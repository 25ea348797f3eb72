package dev.metakey.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;

@Command(
    name = "generate-completion",
    footer = "  metakey generate-completion",
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT})
final class CompletionVerb extends Verb {
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
          'id '* | 'resolve '* | 'show '* | 'release '* | 'transfer '* | 'trace '* | 'users '*) _metakey_published names "$word" ;;
        esac
        if ((${#COMPREPLY[@]} == 0)); then _complete_metakey "$@"; fi
      }

      complete -F _complete_metakey_live -o default metakey
      """;

  @Override
  public Integer call() {
    // zsh understands it too, by its bashcompinit.
    terminal()
        .line(AutoComplete.bash("metakey", metakey.spec.commandLine()) + LIVE.stripTrailing());
    return 0;
  }
}
