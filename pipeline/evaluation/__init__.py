"""What an applicant's words support, per criterion, with the places that support it."""
