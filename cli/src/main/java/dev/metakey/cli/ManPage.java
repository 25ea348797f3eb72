package dev.metakey.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A manual page in roff, from what the help of the same command is made of. */
final class ManPage {
  private static final int LINE = 78;
  private static final Pattern VERB_NAMED = Pattern.compile("'metakey ([a-z-]+)");

  private final CommandSpec spec;
  private final Set<String> verbs;
  private final StringBuilder page = new StringBuilder();

  /**
   * @param verbs the names of all
   */
  ManPage(CommandLine command, Set<String> verbs) {
    this.spec = command.getCommandSpec();
    this.verbs = verbs;
  }

  private boolean isOfVerb() {
    return spec.parent() != null;
  }

  /** {@code metakey-list}. */
  String name() {
    return spec.qualifiedName("-");
  }

  /**
   * Writes the page up to its description.
   *
   * @param date of the program, like 2026-01-01
   * @param version of the program, like metakey 0.1.0
   */
  ManPage begin(String date, String version) {
    String title = name().toUpperCase(Locale.ROOT);
    line(".TH \"%s\" 1 %s \"%s\" \"User Commands\"".formatted(roff(title), date, roff(version)));
    line(".ad l");
    line(".nh");
    String sentence = sentence(spec);
    section("NAME");
    line(roff(name()) + " \\- " + roff(withoutEnd(sentence)));
    synopsis();
    section("DESCRIPTION");
    paragraph(sentence);
    for (String note : notes()) {
      line(".PP");
      paragraph(note);
    }
    return this;
  }

  static String sentence(CommandSpec spec) {
    return spec.usageMessage().description()[0].formatted();
  }

  /** As pages are listed: {@code list fields by id}. */
  private static String withoutEnd(String sentence) {
    String text = sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
    boolean isWord = Character.isLowerCase(text.codePointAt(1));
    return isWord ? text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1) : text;
  }

  private void synopsis() {
    section("SYNOPSIS");
    line(".B " + roff(spec.qualifiedName(" ")));
    for (OptionSpec option : ownOptions()) {
      String text = option(option, option.longestName());
      line(option.required() ? text : "[" + text + "]");
    }
    if (isOfVerb()) {
      line("[\\fIOPTION\\fR]...");
    } else {
      line("\\fIVERB\\fR");
      line("[\\fIARGUMENT\\fR]...");
    }
    for (PositionalParamSpec parameter : spec.positionalParameters()) {
      line(parameter(parameter));
    }
  }

  /** Those of this command alone, in the order of its help. */
  private List<OptionSpec> ownOptions() {
    return spec.options().stream()
        .filter(option -> !option.inherited() && !option.hidden())
        .sorted(Comparator.comparingInt(OptionSpec::order))
        .toList();
  }

  private static String option(OptionSpec option, String name) {
    String text = bold(name);
    return isFlag(option) ? text : text + " \\fI" + roff(option.paramLabel()) + "\\fR";
  }

  private static boolean isFlag(OptionSpec option) {
    return option.arity().max() == 0;
  }

  private static String parameter(PositionalParamSpec parameter) {
    String text = "\\fI" + roff(parameter.paramLabel()) + "\\fR";
    String all = parameter.arity().max() > 1 ? text + "..." : text;
    return parameter.arity().min() == 0 ? "[" + all + "]" : all;
  }

  /**
   * @param rest what else is to say of options
   */
  ManPage options(String rest) {
    section("OPTIONS");
    for (PositionalParamSpec parameter : spec.positionalParameters()) {
      item("\\fI" + roff(parameter.paramLabel()) + "\\fR", description(parameter));
    }
    for (OptionSpec option : ownOptions()) {
      item(
          String.join(
              ", ", Arrays.stream(option.names()).map(name -> option(option, name)).toList()),
          description(option));
    }
    if (!spec.positionalParameters().isEmpty() || !ownOptions().isEmpty()) {
      line(".PP");
    }
    paragraph(rest);
    return this;
  }

  private static String description(ArgSpec argument) {
    return String.join(" ", argument.description());
  }

  /** A list, each thing in bold with a text below. */
  ManPage list(String heading, Map<String, String> things) {
    section(heading);
    things.forEach((thing, text) -> item(bold(thing), text));
    return this;
  }

  ManPage exitCodes() {
    return list("EXIT STATUS", spec.usageMessage().exitCodeList());
  }

  ManPage examples() {
    section("EXAMPLES");
    line(".nf");
    footer().filter(ManPage::isExample).forEach(text -> line(roff(text.strip())));
    line(".fi");
    return this;
  }

  /** The pages of the verbs that this one speaks of or, of the command, of all; of the daemon. */
  ManPage seeAlso() {
    Set<String> others = new TreeSet<>();
    Matcher named = VERB_NAMED.matcher(allWords());
    while (named.find()) {
      if (verbs.contains(named.group(1)) && !named.group(1).equals(spec.name())) {
        others.add("metakey-" + named.group(1));
      }
    }
    if (!isOfVerb()) {
      verbs.forEach(verb -> others.add("metakey-" + verb));
    }
    section("SEE ALSO");
    if (isOfVerb()) {
      line(".BR metakey (1),");
    }
    others.forEach(other -> line(".BR " + roff(other) + " (1),"));
    line(".BR metakeyd (8)");
    return this;
  }

  private String allWords() {
    List<String> words = new ArrayList<>(notes());
    spec.options().stream().filter(o -> !o.inherited()).forEach(o -> words.add(description(o)));
    return String.join(" ", words);
  }

  private Stream<String> footer() {
    return Arrays.stream(spec.usageMessage().footer());
  }

  private static boolean isExample(String text) {
    return text.startsWith("  ");
  }

  /** What the help says below its examples; a blank line begins a new paragraph. */
  private List<String> notes() {
    String text =
        String.join("\n", footer().map(line -> isExample(line) ? "" : line).toList()).strip();
    return Arrays.stream(text.split("\n\n+", -1))
        .map(paragraph -> paragraph.replace('\n', ' '))
        .filter(paragraph -> !paragraph.isBlank())
        .toList();
  }

  private void section(String heading) {
    line(".SH " + heading);
  }

  private void item(String what, String text) {
    line(".TP");
    line(what);
    paragraph(text);
  }

  /** Text in lines that editors show; roff fills them anew. */
  private void paragraph(String text) {
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" +", -1)) {
      if (!line.isEmpty() && line.length() + 1 + word.length() > LINE) {
        line(roff(line.toString()));
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    line(roff(line.toString()));
  }

  private void line(String text) {
    page.append(text).append('\n');
  }

  private static String bold(String text) {
    return "\\fB" + roff(text) + "\\fR";
  }

  /** The text as it is: a hyphen that can be typed, and no control line. */
  private static String roff(String text) {
    String escaped = text.replace("\\", "\\e").replace("-", "\\-");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }

  @Override
  public String toString() {
    return page.toString();
  }
}
