package dev.metakey.model;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The version of a kernel.
 *
 * @param text as the kernel says it, such as {@code 6.1.0-13-amd64}
 */
public record KernelVersion(String text) {
  /** That of the kernel here. */
  public static KernelVersion here() {
    return new KernelVersion(System.getProperty("os.version", ""));
  }

  /** Whether it is this one or a newer one; false if the text is no version. */
  public boolean isSince(int major, int minor) {
    Matcher numbers = Pattern.compile("(\\d{1,4})\\.(\\d{1,4}).*").matcher(text);
    if (!numbers.matches()) {
      return false;
    }
    int itsMajor = Integer.parseInt(numbers.group(1));
    return itsMajor > major || (itsMajor == major && Integer.parseInt(numbers.group(2)) >= minor);
  }

  @Override
  public String toString() {
    return text;
  }
}
