package dev.metakey.files;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;

/**
 * What went wrong, in words for people. The message of an exception of java.nio often names only
 * the file, and only its class says what is wrong with it.
 */
public final class Failure {
  private Failure() {}

  /** {@code /run/x: permission denied}; never the name of a class. */
  public static String words(IOException e) {
    boolean namesOnlyTheFile = e instanceof FileSystemException file && file.getReason() == null;
    return namesOnlyTheFile ? e.getMessage() + ": " + reason(e) : message(e);
  }

  /** {@code permission denied}: the same without the file, for messages that name it already. */
  public static String reason(IOException e) {
    if (e instanceof FileSystemException file && file.getReason() != null) {
      return file.getReason();
    }
    if (e instanceof NoSuchFileException) {
      return "no such file or directory";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof NotDirectoryException) {
      return "not a directory";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "something is there already";
    }
    if (e instanceof DirectoryNotEmptyException) {
      return "the directory is not empty";
    }
    if (e instanceof FileSystemLoopException) {
      return "a loop of symbolic links";
    }
    return e instanceof FileSystemException
        ? "the file system refused, and gave no reason"
        : message(e);
  }

  private static String message(IOException e) {
    return Objects.requireNonNullElse(
        e.getMessage(), "reading or writing failed, and no reason was given");
  }
}
