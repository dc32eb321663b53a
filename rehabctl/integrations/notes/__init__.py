"""Signed notes and drafts as files."""
